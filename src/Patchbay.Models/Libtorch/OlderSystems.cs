using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Text.RegularExpressions;

namespace Patchbay.Models.Libtorch;

/// <summary>Loads TorchSharp's native half where the machine's libstdc++ is older than the one it was linked with. It
/// asks for GLIBCXX_3.4.32 because of one symbol that no relocation refers to (see docs/torch.md); a copy in which that
/// need is weak loads and works. The copy exists for the moment of loading only, so that a folder built on one system
/// runs on another, from a read-only place too, and no file of a package is touched.</summary>
public static partial class OlderSystems
{
    private const string NativeHalf = "LibTorchSharp";

    /// <summary>The version asked for in vain, e.g. "GLIBCXX_3.4.32"; null where nothing had to be done.</summary>
    public static string? AbsentVersion { get; private set; }

    /// <summary>Has this assembly asked whenever the runtime finds no way to load a native library.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "it has to be there before the first tensor, whoever makes it")]
    public static void Register() => AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) =>
        name == NativeHalf ? Load() : 0;

    private static nint Load()
    {
        var folders = ((string?)AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") ?? "").Split(':');
        var path = folders.Append(AppContext.BaseDirectory)
            .Select(folder => Path.Combine(folder, $"lib{NativeHalf}.so"))
            .FirstOrDefault(File.Exists);
        if (path is null) return 0;
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException e) when (AbsentIn().Match(e.Message) is { Success: true } absent)
        {
            return LoadWeak(path, absent.Groups[1].Value);
        }
    }

    private static nint LoadWeak(string path, string version)
    {
        var library = File.ReadAllBytes(path);
        if (!VersionNeed.MakeWeak(library, version)) return 0;
        // What it is linked with is found by name among the libraries that are loaded already.
        NativeLibrary.Load(Path.Combine(Path.GetDirectoryName(path)!, "libtorch.so"));
        var folder = Directory.CreateTempSubdirectory("patchbay-");
        try
        {
            var copy = Path.Combine(folder.FullName, Path.GetFileName(path));
            File.WriteAllBytes(copy, library);
            var handle = NativeLibrary.Load(copy);
            AbsentVersion = version;
            return handle;
        }
        finally
        {
            folder.Delete(recursive: true); // what is mapped stays
        }
    }

    [GeneratedRegex(@"version [`'](GLIBCXX_[\d.]+)' not found")]
    private static partial Regex AbsentIn();
}
