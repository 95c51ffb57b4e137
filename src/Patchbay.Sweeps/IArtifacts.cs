namespace Patchbay.Sweeps;

/// <summary>Blobs that units keep and find again, on whatever node, by their content's hash. May be used on any
/// thread.</summary>
public interface IArtifacts
{
    /// <summary>Keeps what <paramref name="write"/> writes to the path that it is given; what is there already is not
    /// kept twice.</summary>
    /// <returns>SHA-256 of the bytes in lower-case hexadecimal digits.</returns>
    string Keep(Action<string> write);

    /// <summary>Path of a file with an artifact's bytes; it is not to be changed.</summary>
    string PathOf(string hash);
}
