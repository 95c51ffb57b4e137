using System.Security.Cryptography;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Tests;

/// <summary>Artifacts as files of a folder.</summary>
internal sealed class FolderArtifacts(string folder) : IArtifacts
{
    public string Keep(Action<string> write)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, Guid.NewGuid().ToString("N"));
        write(path);
        var hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
        File.Move(path, PathOf(hash), overwrite: true);
        return hash;
    }

    public string PathOf(string hash) => Path.Combine(folder, hash);
}
