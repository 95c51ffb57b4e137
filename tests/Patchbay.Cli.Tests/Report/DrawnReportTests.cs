using Patchbay.Cli.Report;

namespace Patchbay.Cli.Tests.Report;

public sealed class DrawnReportTests
{
    [Fact]
    public void Dump()
    {
        foreach (var (name, input) in new[] { ("tiny", new MadeFindings(1).Input()), ("large", new MadeFindings(1, 32, 32).Input()) })
            foreach (var (path, text) in SweepReport.Files(input))
            {
                var to = System.IO.Path.Combine("/tmp/report-data", name, path);
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(to)!);
                File.WriteAllText(to, text);
            }
    }
}
