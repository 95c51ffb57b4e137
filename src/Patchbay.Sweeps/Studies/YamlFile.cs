using System.Text;
using Patchbay.Tasks;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Patchbay.Sweeps.Studies;

/// <summary>
/// Reads a YAML file as nodes with their lines. YamlDotNet's own document model stops at the first key that is there
/// twice and follows nesting by recursion without a limit, so this one is built from the parser's events.
/// </summary>
internal sealed class YamlFile
{
    private const int DeepestNesting = 32;
    private const int LongestFile = 1 << 20;

    private readonly Dictionary<AnchorName, YamlNode> anchors = [];
    private readonly Scanner scanner;
    private readonly Parser parser;

    private YamlFile(string text)
    {
        scanner = new Scanner(new StringReader(text));
        parser = new Parser(scanner);
    }

    /// <summary>Reads a file's text and its one document.</summary>
    /// <returns>The text, without a byte order mark; and the document, null where a mistake was noted.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no file, or one of more than 1 MiB.</exception>
    public static (string Text, YamlNode? Root) Read(string path, string what, MistakeList mistakes)
    {
        if (!Path.Exists(path)) throw new FileNotFoundException($"there is no {what} {path}.", path);
        var text = Decode(InputFile.Bytes(path, LongestFile), what, mistakes);
        return text is null ? ("", null) : (text, Parse(text, what, mistakes));
    }

    /// <summary>The one document of a text that is in no file; null where a mistake was noted.</summary>
    public static YamlNode? Of(string text, string what, MistakeList mistakes)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > LongestFile)
        {
            mistakes.Add(1, null, $"expected a {what} of at most {LongestFile >> 20} MiB, found one of {bytes.Length} "
                + "bytes");
            return null;
        }
        var decoded = Decode(bytes, what, mistakes);
        return decoded is null ? null : Parse(decoded, what, mistakes);
    }

    private static string? Decode(byte[] bytes, string what, MistakeList mistakes)
    {
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
            var control = text.AsSpan().IndexOfAnyInRange('\0', '\b');
            if (control < 0) return text;
            var line = text.AsSpan(0, control).Count('\n') + 1;
            mistakes.Add(line, null, $"expected a {what}, a text file, found the character U+{(int)text[control]:X4}");
        }
        catch (DecoderFallbackException)
        {
            mistakes.Add(1, null, $"expected a {what}, a text file in UTF-8, found bytes that are none");
        }
        return null;
    }

    private static YamlNode? Parse(string text, string what, MistakeList mistakes)
    {
        var file = new YamlFile(text);
        try
        {
            var root = file.Document();
            if (root is null or YamlText { IsNothing: true }) mistakes.Add(1, null,
                $"expected a {what}, found an empty file");
            else return root;
        }
        catch (YamlException e)
        {
            mistakes.AddSyntax(text, e.Start, Reason(e));
        }
        // The scanner gives up on some texts with exceptions that are not its own ("[a: -]").
        catch (Exception e) when (
            e is InvalidOperationException or ArgumentException or FormatException or OverflowException
            or IndexOutOfRangeException or NullReferenceException or InvalidCastException)
        {
            mistakes.AddSyntax(text, file.scanner.CurrentPosition, "something that cannot be here");
        }
        return null;
    }

    private static string Reason(YamlException e)
    {
        var reason = Refusal.Shown((e.InnerException ?? e).Message.TrimEnd('.', ' '));
        return reason.Length == 0 ? "unreadable" : char.ToLowerInvariant(reason[0]) + reason[1..];
    }

    private YamlNode? Document()
    {
        parser.Consume<StreamStart>();
        if (parser.TryConsume<StreamEnd>(out _)) return null;
        parser.Consume<DocumentStart>();
        var root = Node(0);
        parser.Consume<DocumentEnd>();
        if (!parser.TryConsume<StreamEnd>(out _))
            throw new YamlException(parser.Current!.Start, parser.Current.End, "a second document begins here");
        return root;
    }

    private YamlNode Node(int depth)
    {
        var start = (parser.Current ?? Advance()).Start;
        if (depth > DeepestNesting)
            throw new YamlException(start, start, $"nested more than {DeepestNesting} levels deep");
        if (parser.TryConsume<AnchorAlias>(out var alias))
        {
            return anchors.GetValueOrDefault(alias.Value)
                ?? throw new YamlException(alias.Start, alias.End, $"no anchor '{alias.Value}' before this alias");
        }
        var (line, column) = ((int)start.Line, (int)start.Column);
        if (parser.TryConsume<Scalar>(out var scalar))
            return Known(scalar.Anchor, new YamlText(line, column, scalar.Value, scalar.Style != ScalarStyle.Plain));
        if (parser.TryConsume<SequenceStart>(out var sequence))
        {
            var items = new List<YamlNode>();
            while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(Node(depth + 1));
            return Known(sequence.Anchor, new YamlList(line, column, items));
        }
        var mapping = parser.Consume<MappingStart>();
        var pairs = new List<KeyValuePair<YamlNode, YamlNode>>();
        while (!parser.TryConsume<MappingEnd>(out _)) pairs.Add(new(Node(depth + 1), Node(depth + 1)));
        return Known(mapping.Anchor, new YamlMap(line, column, pairs));
    }

    private ParsingEvent Advance() =>
        parser.MoveNext() ? parser.Current! : throw new YamlException("the file ends too early");

    private YamlNode Known(AnchorName anchor, YamlNode node)
    {
        if (!anchor.IsEmpty) anchors[anchor] = node;
        return node;
    }
}
