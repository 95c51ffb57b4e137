using System.Text;

namespace Patchbay.Sweeps.Tests.Studies;

/// <summary>Random damage to a text: what an editor, a disk or a hurried hand may do.</summary>
internal static class Mutation
{
    private static readonly string[] Pieces =
    [
        ":", ": ", "- ", "[", "]", "{", "}", ",", "\"", "'", "&a ", "*a", "!!int ", "!", "|", ">", "|2\n", "%", "@",
            "`", "? ", "#", "\t",
        "\n", "\r\n", "  ", "---\n", "...\n", "<<: ", "~", "null", "default", "-1", "0", "99999999999999999999", "\0",
            "\uFEFF", "é", "💥",
        "\\", "\"\\x\"", "\"\\0\"", "${NOT_SET}", "${", "../", "%YAML 1.9\n", "%TAG ! x\n", "\u2028", "\x7f",
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    ];

    public static byte[] Of(string text, Random random)
    {
        var changed = new StringBuilder(text);
        for (var i = random.Next(1, 6); i > 0; i--) Change(changed, random);
        var bytes = Encoding.UTF8.GetBytes(changed.ToString());
        if (random.Next(8) == 0 && bytes.Length > 0) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }

    private static void Change(StringBuilder text, Random random)
    {
        var at = random.Next(text.Length + 1);
        var length = Math.Min(random.Next(1, 40), text.Length - at);
        switch (random.Next(6))
        {
            case 0:
                text.Remove(at, length);
                break;
            case 1:
                text.Insert(at, text.ToString(at, length));
                break;
            case 2:
                var piece = text.ToString(at, length);
                text.Remove(at, length).Insert(random.Next(text.Length + 1), piece);
                break;
            case 3:
                text.Length = at;
                break;
            default:
                text.Insert(at, Pieces[random.Next(Pieces.Length)]);
                break;
        }
    }
}
