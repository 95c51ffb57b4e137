using Patchbay.Cli.Results;
using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Patching;
using Spectre.Console;

namespace Patchbay.Cli.Tests;

public sealed class PathPatchingOutputTests
{
    private static readonly PathPatchingResult Result = new(
    [
        new(PathChain.EntityTracking.Groups[0], [], new[,] { { -0.5, -0.25 }, { -0.125, 0 } }, new double[2, 2], 1),
        new(PathChain.EntityTracking.Groups[1], [new Head(1, 0)], new[,] { { 0, -0.75 }, { 0, 0 } }, new double[2, 2], 2),
    ], [0.5], [true], 3, 0.5, 1);

    [Fact]
    public void Groups_keep_scores_receivers_and_times()
    {
        var groups = PathPatchingOutput.Groups(Result);
        Assert.Equal(["A", "B"], groups.Select(g => g.Name));
        Assert.Equal([(1, 0)], groups[1].Receivers);
        Assert.Equal(2, groups[1].Seconds);
        Assert.Equal(-0.75, groups[1].Scores[0, 1]);
    }

    [Fact]
    public void Maps_mark_as_many_heads_as_receive_in_the_next_group()
    {
        var maps = PathPatchingOutput.Maps(PathPatchingOutput.Groups(Result), PathChain.EntityTracking, [2, 5]);
        Assert.Equal([new(0, 0), new(0, 1)], maps[0].Marked);
        Assert.Equal([new(0, 1)], maps[1].Marked);
    }

    [Fact]
    public void The_strongest_heads_stand_in_a_table()
    {
        using var writer = new StringWriter();
        var maps = PathPatchingOutput.Maps(PathPatchingOutput.Groups(Result), PathChain.EntityTracking, [2]);
        PbmRun.Console(writer, ColorSystemSupport.NoColors, 80).Write(PathPatchingOutput.Table(maps));
        Assert.Contains("0.0    -0.5000 ± 0.0000", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("A value fetcher", writer.ToString(), StringComparison.Ordinal);
    }
}
