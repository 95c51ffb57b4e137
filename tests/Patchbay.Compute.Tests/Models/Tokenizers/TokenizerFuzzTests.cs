using System.Text;
using Patchbay.Models.Tokenizers;

namespace Patchbay.Models.Tests.Tokenizers;

/// <summary>Damaged files open or are refused by one sentence; nothing else happens, and little memory is
/// taken.</summary>
[Collection(nameof(TokenizerFuzzTests))]
public class TokenizerFuzzTests
{
    private const long MaxAllocation = 64L << 20;

    [Fact]
    public void Damaged_small_vocabularies_open_or_are_refused()
    {
        string[] pieces = ["▁", "a", "b", "ab", "▁ab", "é", "日本"];
        Fuzz("tokenizer.model", SentencePieceFile.Bpe(pieces, normalizer: n => n.Number(4, 0))
            .Piece("<b>", 0, SentencePieceFile.UserDefined).Bytes, 700, 1);
        Fuzz("tokenizer.model", SentencePieceFile.Bpe(pieces, byteFallback: false).Bytes, 1500, 2);
        Fuzz("tokenizer.bin", Llama2cFile.Of(" ", "a", "b", "ab", "é"), 1500, 3);
    }

    [Fact]
    public void Damaged_small_json_opens_or_is_refused()
    {
        var model = TokenizerJson.Bpe(["▁", "a", "b", "ab", "é", "<s>", "Ġa"], "a b").ToJsonString();
        var json = TokenizerJson.Of(model,
            """{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}""",
            """{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "\\s+|\\p{L}+"}, "behavior": "Isolated"}, {"type": "ByteLevel"}]}""",
            """{"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Metaspace", "replacement": "▁"}, {"type": "Strip", "content": " ", "start": 1, "stop": 2}]}""",
            """{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"<s>": {"ids": [5]}}}""",
            """[{"id": 5, "content": "<s>", "special": true, "lstrip": true, "rstrip": true, "single_word": true}]""");
        Fuzz("tokenizer.json", Encoding.UTF8.GetBytes(json.ToJsonString()), 3000, 4);
    }

    [SharedTheory]
    [InlineData("stories260K", "tok512.model", 3000)]
    [InlineData("stories260K", "tok512.bin", 3000)]
    [InlineData("tinystories-656k", "tokenizer.json", 1000)]
    public void Damaged_real_files_open_or_are_refused(string folder, string file, int mutations) =>
        Fuzz(file, File.ReadAllBytes(SharedFolder.PathOf("checkpoints", folder, file)), mutations, 5);

    private static void Fuzz(string name, byte[] good, int mutations, int seed)
    {
        using var folder = new TokenizerFolder();
        var path = Path.Combine(folder.Root, name);
        var random = new Random(seed);
        for (var n = 0; n < mutations; n++)
        {
            File.WriteAllBytes(path, Mutated(good, random));
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var tokenizer = TokenizerLoader.Open(path)!;
                tokenizer.Decode(tokenizer.Encode("Ab  ab é日本👍\n<s> <0x0A>"));
                tokenizer.Decode([.. Enumerable.Range(0, tokenizer.VocabularySize)]);
            }
            catch (InvalidDataException error)
            {
                Assert.Contains($"/{name}: ", error.Message, StringComparison.Ordinal);
                Assert.EndsWith(".", error.Message);
                Assert.InRange(error.Message.Length, 10, 400);
                Assert.DoesNotContain(error.Message, char.IsControl);
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocation);
        }
    }

    /// <summary>One to four changes: a byte, a bit, a number of four bytes, a cut, a copied or a removed
    /// stretch.</summary>
    private static byte[] Mutated(byte[] good, Random random)
    {
        var bytes = good.ToList();
        for (var n = random.Next(4); n >= 0 && bytes.Count > 8; n--)
        {
            var at = random.Next(bytes.Count - 4);
            switch (random.Next(7))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2:
                    for (var i = 0; i < 4; i++) bytes[at + i] = random.Next(2) == 0 ? (byte)0xFF
                    : (byte)0x7F; break;
                case 3: bytes.RemoveRange(at, bytes.Count - at); break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(random.Next(at + 1),
                    Math.Min(20, bytes.Count - at))); break;
                case 5: bytes.RemoveRange(at, Math.Min(1 + random.Next(20), bytes.Count - at)); break;
                default: bytes[at] = (byte)"0\"{}[],:.<>\\"[random.Next(12)]; break;
            }
        }
        return [.. bytes];
    }
}
