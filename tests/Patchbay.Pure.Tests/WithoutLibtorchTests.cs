using System.Text.RegularExpressions;

namespace Patchbay.Pure.Tests;

/// <summary>These tests start in no time, because nothing they refer to needs libtorch.</summary>
public sealed partial class WithoutLibtorchTests
{
    [Fact]
    public void No_library_of_libtorch_lies_beside_the_tests() => Assert.DoesNotContain(
        Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories).Select(Path.GetFileName),
        name => Torch().IsMatch(name!));

    [Fact]
    public void No_assembly_that_is_loaded_or_referred_to_is_TorchSharp_s()
    {
        var loaded = AppDomain.CurrentDomain.GetAssemblies();
        var names = loaded.Select(a => a.GetName()).Concat(loaded.SelectMany(a => a.GetReferencedAssemblies()));
        Assert.DoesNotContain(names.Select(name => name.Name!), name => Torch().IsMatch(name));
    }

    [Fact]
    public void No_native_library_of_libtorch_is_in_the_process() => Assert.DoesNotContain(
        File.ReadLines("/proc/self/maps").Select(line => Path.GetFileName(line)), name => Torch().IsMatch(name));

    [Theory]
    [InlineData("TorchSharp.dll")]
    [InlineData("libLibTorchSharp.so")]
    [InlineData("libtorch_cpu.so")]
    [InlineData("libc10.so")]
    public void Such_files_would_be_noticed(string name) => Assert.Matches(Torch(), name);

    [GeneratedRegex(@"torch|^libc10\b", RegexOptions.IgnoreCase)]
    private static partial Regex Torch();
}
