namespace Patchbay.Report.Tests;

public sealed class ProgressLinesTests
{
    private sealed class Hand : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }

    [Fact]
    public void What_takes_long_tells_a_line_every_half_minute_and_what_is_soon_over_none()
    {
        using var lines = new StringWriter { NewLine = "\n" };
        var time = new Hand();
        var progress = new ProgressLines(lines, time);
        for (; time.Seconds < 29; time.Seconds++) progress.Report("group A", 0.1);
        Assert.Equal("", lines.ToString());
        for (; time.Seconds < 100; time.Seconds++) progress.Report("group B", time.Seconds / 200.0);
        Assert.Equal("group B: 15 % after 30 s\ngroup B: 30 % after 60 s\ngroup B: 45 % after 90 s\n",
            lines.ToString());
    }
}
