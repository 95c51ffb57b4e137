using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Sweeps;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm log tail`: the newest that nodes of a data folder have written; needs none that is up.</summary>
internal sealed class LogTailCommand : PbmCommand
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);
    private readonly Option<int> lines = CommonOptions.Whole("--lines",
        "How many of the newest entries", new(1, 1_000_000), 20);
    private readonly Option<bool> follow = new("--follow", "-f") { Description = "Go on with new ones until Ctrl-C" };
    private readonly DataFolder data = new();

    public LogTailCommand() : base("tail", "Show the newest entries of the log that nodes write into a data folder",
        "pbm log tail", "pbm log tail -n 100 --follow")
    {
        lines.Aliases.Add("-n");
        foreach (var option in new Option[] { lines, follow, data.Folder }) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var folder = Path.GetFullPath(data.Chosen(call));
        if (call.IsJson && call.Get(follow))
            throw new InvalidDataException("--json: expected without --follow, which has no last entry");
        var files = LogFolder.Files(folder);
        if (files.Count == 0)
            throw new FileNotFoundException($"no node has written a log into {LogFolder.Of(folder)} yet");
        var last = new LogReader(files[^1]);
        var newest = last.Read().TakeLast(call.Get(lines)).ToList();
        for (var i = files.Count - 2; i >= 0 && newest.Count < call.Get(lines); i--)
            newest.InsertRange(0, new LogReader(files[i]).Read().TakeLast(call.Get(lines) - newest.Count));
        foreach (var line in newest) call.WriteLine(Readable(line));
        call.WriteJson(newest.Select(Parsed).Where(entry => entry is not null));
        if (call.Get(follow)) Follow(call, folder, last);
        return ExitCode.Ok;
    }

    private static void Follow(Call call, string folder, LogReader reader)
    {
        while (!call.Interrupted.WaitHandle.WaitOne(LookEvery))
        {
            foreach (var line in reader.Read()) call.WriteLine(Readable(line));
            if (LogFolder.Files(folder) is [.., var newest] && newest != reader.File) reader = new(newest);
        }
    }

    /// <summary>"2026-01-02 03:04:05.678 warning  sweep s: unit u failed"; a line that is no entry as it is.</summary>
    private static string Readable(string line)
    {
        if (Parsed(line) is not { } entry) return line;
        string? Text(string name) => entry.TryGetProperty(name, out var value) ? value.ToString() : null;
        var time = DateTimeOffset.TryParse(Text("@t"), CultureInfo.InvariantCulture, out var at)
            ? at.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture) : Text("@t");
        var level = (Text("@l") ?? "information").ToLowerInvariant();
        var cause = Text("@x") is { } exception ? $"\n{exception}" : "";
        return $"{time} {level,-11}  {Text("@m")}{cause}";
    }

    private static JsonElement? Parsed(string line)
    {
        try
        {
            return JsonElement.Parse(line) is { ValueKind: JsonValueKind.Object } entry ? entry : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Whole lines of a file that grows; what is written of the next is kept for the next time.
    private sealed class LogReader(string file)
    {
        private readonly StringBuilder begun = new();
        private long position;

        public string File => file;

        public string[] Read()
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete);
            stream.Position = position;
            using var reader = new StreamReader(stream, Encoding.UTF8);
            begun.Append(reader.ReadToEnd());
            position = stream.Position;
            var text = begun.ToString();
            var end = text.LastIndexOf('\n') + 1;
            begun.Clear().Append(text.AsSpan(end));
            return text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }
}
