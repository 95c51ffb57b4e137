using System.ComponentModel;
using System.Diagnostics;

namespace Patchbay.Pure.Tests.Kubernetes;

/// <summary>Kubernetes's command, which renders manifests without a cluster.</summary>
internal static class Kubectl
{
    /// <summary>Whether there is one that is new enough. The first that tells its kustomize's version is 1.24; that of
    /// Debian 12 is 1.20, whose kustomize does not know fields that are usual since.</summary>
    public static bool IsThere { get; } =
        Run("version", "--client", "--output=json").Output.Contains("kustomizeVersion", StringComparison.Ordinal);

    /// <summary>All documents of a folder, as they would be applied.</summary>
    public static string Render(string folder)
    {
        var (code, output, errors) = Run("kustomize", folder);
        // A field that goes out of use is told as a warning.
        return code == 0 && errors.Length == 0 ? output
            : throw new InvalidDataException($"kubectl kustomize {folder}: exit code {code}, {errors}");
    }

    private static (int Code, string Output, string Errors) Run(params string[] arguments)
    {
        var info = new ProcessStartInfo("kubectl", arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        try
        {
            using var process = Process.Start(info)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            if (process.WaitForExit(TimeSpan.FromMinutes(1))) return (process.ExitCode, output.Result, errors.Result);
            process.Kill();
            return (-1, "", "it did not end within a minute");
        }
        catch (Win32Exception e)
        {
            return (-1, "", e.Message);
        }
    }
}

/// <summary>A theory that renders manifests: skipped with a notice where nothing can.</summary>
internal sealed class KubectlTheoryAttribute : TheoryAttribute
{
    public KubectlTheoryAttribute()
    {
        if (!Kubectl.IsThere) Skip = "needs kubectl 1.24 or later";
    }
}
