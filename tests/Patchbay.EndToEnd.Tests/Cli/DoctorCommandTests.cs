using System.Text.Json;

namespace Patchbay.Cli.Tests;

public sealed class DoctorCommandTests
{
    [Fact]
    public void The_doctor_tells_library_rate_and_devices()
    {
        var run = PbmRun.Of("doctor", "--threads", "1", "--json");
        Assert.Equal("", run.Error);
        using var document = JsonDocument.Parse(run.Out);
        Assert.True(document.RootElement.GetProperty("gflops").GetProperty("float32").GetDouble() > 0);
        Assert.Equal(1, document.RootElement.GetProperty("threads").GetInt32());
        Assert.Equal("cpu", document.RootElement.GetProperty("devices")[0].GetString());
        Assert.Matches(@"\d GFLOP/s in float32, \d+ GFLOP/s in bfloat16 on 1 thread\n",
            PbmRun.Of("doctor", "--threads", "1").Out);
    }
}
