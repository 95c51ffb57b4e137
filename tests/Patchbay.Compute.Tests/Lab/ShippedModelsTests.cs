using Patchbay.Lab.Training;
using Patchbay.Models;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests;

/// <summary>The models under models/ are what their cards say.</summary>
public class ShippedModelsTests
{
    private static readonly string Folder = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Cluster.sln"))) return Path.Combine(folder.FullName,
                "models");
        throw new DirectoryNotFoundException("the tests are not inside the project");
    }

    [Theory]
    [InlineData("tiny-base")]
    [InlineData("tiny-chat")]
    [InlineData("tiny-goat")]
    [InlineData("tiny-float")]
    [InlineData("tiny-rows")]
    public void Measured_again_a_model_is_as_good_as_recorded(string name)
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Folder, name));
        using var loaded = checkpoint.Load(ScalarType.Float32);
        var recorded = Quartet.Results(Folder).First(m => m.Name == name);
        foreach (var evaluation in LabData.Evaluations)
        {
            // The same questions as then, as many: another processor's rounding may tip one in a hundred.
            var measured = Evaluation.Score(
                checkpoint.Config, loaded, LabData.Evaluation(evaluation, recorded.Scores[evaluation].Count),
                    threads: 2);
            Assert.InRange(measured.Right, recorded.Scores[evaluation].Right - 0.01 * measured.Count,
                recorded.Scores[evaluation].Right + 0.01 * measured.Count);
        }
    }

    [Fact]
    public void The_base_is_undertrained_on_purpose_and_the_folder_is_small()
    {
        var results = Quartet.Results(Folder);
        Assert.True(results.DistinctBy(m => m.Seed).Count() >= 3);
        Assert.All(results.Where(m => m.Name == "tiny-base"), m =>
            Assert.InRange(m.Scores["7 boxes"].Share, 0.55, 0.75));
        Assert.InRange(Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length), 1,
            24_000_000);
        Assert.All(Quartet.Trained, name => Assert.True(File.Exists(Path.Combine(Folder, name, "README.md"))));
    }
}
