using System.Diagnostics;

namespace Patchbay.Journal.Tests;

/// <summary>A file system mounted for a test.</summary>
internal sealed class Mount : IDisposable
{
    private readonly string folder;

    private Mount(string folder) => this.folder = folder;

    /// <summary>Whether this process may mount.</summary>
    public static bool Allowed { get; } = Probe();

    /// <summary>A file system in memory of so many KiB, mounted on an empty folder.</summary>
    public static Mount Memory(string folder, int kibibytes)
    {
        Directory.CreateDirectory(folder);
        Run("-t", "tmpfs", "-o", $"size={kibibytes}k", "tmpfs", folder);
        return new(folder);
    }

    /// <summary>A folder once more in another place, where it may only be read, even by root.</summary>
    public static Mount ReadOnly(string source, string folder)
    {
        Directory.CreateDirectory(folder);
        Run("--bind", source, folder);
        Run("-o", "remount,bind,ro", folder);
        return new(folder);
    }

    public void Dispose() => Start("umount", folder);

    private static bool Probe()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root") return false;
        using var place = new Patchbay.Tests.TemporaryFolder();
        if (Start("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place.Path) != 0) return false;
        return Start("umount", place.Path) == 0;
    }

    private static void Run(params string[] arguments)
    {
        if (Start("mount", arguments) != 0) throw new InvalidOperationException(
            $"mount {string.Join(' ', arguments)} failed");
    }

    private static int Start(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program,
                arguments)
            { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}

/// <summary>A fact that mounts: skipped with a notice where that is not allowed.</summary>
internal sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute()
    {
        if (!Mount.Allowed) Skip = "needs to mount a file system, which only root may, and not in every container";
    }
}
