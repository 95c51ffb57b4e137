using System.CommandLine;
using System.Reflection;
using System.Runtime.ExceptionServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Patchbay.Cli.Arguments;
using Spectre.Console.Rendering;

namespace Patchbay.Cli;

/// <summary>One run of a command: its arguments, where its output goes, and whether it was interrupted.</summary>
internal sealed class Call(ParseResult arguments, Terminal terminal, bool json, CancellationToken interrupted,
    Func<bool>? terminated = null)
{
    /// <summary>Version of `pbm`.</summary>
    public static string Version { get; } =
        typeof(Call).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? "unknown";

    /// <summary>Set to 1, an error is followed by its stack trace.</summary>
    public const string TraceVariable = "PATCHBAY_TRACE";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = null,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Where results for people go; with --json, nowhere.</summary>
    public Screen Screen { get; } = new(json ? Terminal.Silent : terminal.Out, e => ReportDrawing(terminal, e));

    /// <summary>Where the progress of work is shown: standard error.</summary>
    public Screen ProgressScreen { get; } = new(terminal.Error, e => ReportDrawing(terminal, e));

    /// <summary>Whether --json was given: standard output is for the one document.</summary>
    public bool IsJson => json;

    /// <summary>Cancelled by Ctrl-C, SIGTERM or SIGHUP.</summary>
    public CancellationToken Interrupted { get; } = interrupted;

    /// <summary>Whether the interruption came from the system and not from the operator: SIGTERM or SIGHUP.</summary>
    public bool IsTerminated => terminated?.Invoke() == true;

    /// <summary>Whether the JSON document was written already.</summary>
    public bool JsonWritten { get; private set; }

    /// <summary>Value of an option, its default where it was not given.</summary>
    public T Get<T>(Option<T> option) => arguments.GetValue(option)!;

    /// <summary>Value of an argument.</summary>
    public T Get<T>(Argument<T> argument) => arguments.GetValue(argument)!;

    /// <summary>Whether the option was given in so many words.</summary>
    public bool IsGiven(Option option) => arguments.GetResult(option) is { Implicit: false };

    /// <summary>The same call, with options that were not given in so many words taken from a file.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="values">Values of options by their names without the dashes.</param>
    /// <exception cref="InvalidDataException">The command has no such option, or it cannot have that value.</exception>
    public Call WithDefaults(string file, IReadOnlyDictionary<string, string> values)
    {
        var options = arguments.CommandResult.Command.Options.ToDictionary(o => o.Name);
        if (values.Keys.FirstOrDefault(name => !options.ContainsKey($"--{name}")) is { } unknown)
            throw new InvalidDataException($"{file}: patchbay.node.{unknown}: '{arguments.CommandResult.Command.Name}' "
                + $"has no such option; it has {string.Join(", ", options.Keys.Select(o => o.TrimStart('-')))}");
        var parsed = arguments.RootCommandResult.Command.Parse([.. arguments.Tokens.Select(t => t.Value),
            .. values.Where(v => !IsGiven(options[$"--{v.Key}"])).Select(v => $"--{v.Key}={v.Value}")]);
        return parsed.Errors is [var mistake, ..]
            ? throw new InvalidDataException($"{file}: patchbay.node: {CommandLine.Mistake(mistake)}")
            : new(parsed, terminal, json, Interrupted, terminated);
    }

    /// <summary>A command to be typed next, for the same data folder: "sweep show tiny-1" becomes "pbm sweep show
    /// tiny-1", with --data where it was given.</summary>
    public string Next(string words) => DataFolder.Command(arguments, words);

    /// <summary>With --json, writes the command's one document; otherwise does nothing.</summary>
    public void WriteJson(object document)
    {
        if (json) WriteJsonText(() => JsonSerializer.Serialize(document, Json));
    }

    /// <summary>With --json, writes the command's one document, given as text; otherwise makes none.</summary>
    public void WriteJsonText(Func<string> document)
    {
        if (!json) return;
        if (JsonWritten) throw new InvalidOperationException("a command writes one JSON document");
        JsonWritten = true;
        terminal.Out.Profile.Out.Writer.WriteLine(document());
    }

    /// <summary>Writes files, then shows results for people: a terminal that goes away costs no file, and a file that
    /// cannot be written no table. That is told last.</summary>
    /// <param name="files">Writes one at each step, and gives its path.</param>
    /// <param name="show">Shows the results; is given the paths of what was written.</param>
    public void WriteThenShow(IEnumerable<string> files, Action<IReadOnlyList<string>> show)
    {
        var written = new List<string>();
        ExceptionDispatchInfo? failed = null;
        try
        {
            foreach (var path in files) written.Add(path);
        }
        catch (IOException e)
        {
            failed = ExceptionDispatchInfo.Capture(e);
        }
        show(written);
        foreach (var path in written) WriteLine($"written: {path}");
        failed?.Throw();
    }

    /// <summary>Prints a line for people, unbroken however long.</summary>
    public void WriteLine(string line) => Screen.Writer.WriteLine(line);

    /// <summary>Draws a result for people; a drawing that fails is left out, and the command goes on.</summary>
    public void Draw(Func<IRenderable> make) => Screen.Draw(make);

    /// <summary>Prints text for people as it comes, without a line's end.</summary>
    public void Write(string text)
    {
        Screen.Writer.Write(text);
        Screen.Writer.Flush();
    }

    /// <summary>Prints facts for people, one a line; those without a value are left out.</summary>
    public void WriteFacts(params (string Name, string? Value)[] facts)
    {
        var width = facts.Max(fact => fact.Name.Length);
        foreach (var (name, value) in facts)
            if (!string.IsNullOrEmpty(value)) WriteLine($"{name.PadRight(width)}  {value}");
    }

    /// <summary>Tells the operator something beside the result, on standard error.</summary>
    public void Notice(string sentence) => terminal.Error.Profile.Out.Writer.WriteLine($"note: {sentence}");

    /// <summary>Does a piece of work under a progress bar on standard error, or telling a line now and then where
    /// that is no terminal.</summary>
    public T WithProgress<T>(string label, Func<ReportProgress, T> work) => ProgressScreen.IsInteractive
        ? ProgressScreen.Progress(label, work)
        : work(new ProgressLines(ProgressScreen.Writer, TimeProvider.System).Report);

    /// <summary>With PATCHBAY_TRACE=1, prints where an exception was thrown.</summary>
    public void Trace(Exception exception) => Trace(terminal, exception);

    private static void Trace(Terminal terminal, Exception exception)
    {
        if (Environment.GetEnvironmentVariable(TraceVariable) == "1")
            terminal.Error.Profile.Out.Writer.WriteLine(exception);
    }

    private static void ReportDrawing(Terminal terminal, Exception exception)
    {
        Trace(terminal, exception);
        terminal.Error.Profile.Out.Writer.WriteLine(
            $"this drawing failed ({Failure.OneLine(exception.Message)}); the results are not affected");
    }

    /// <summary>Prints why the command ended early: a sentence on standard error, and with --json a document
    /// too.</summary>
    public ExitCode Fail(Failure failure)
    {
        terminal.Error.Profile.Out.Writer.WriteLine($"error: {failure.Sentence}");
        foreach (var detail in failure.Details) terminal.Error.Profile.Out.Writer.WriteLine($"  {detail}");
        if (!JsonWritten)
            WriteJson(new
            {
                Error = failure.Sentence,
                ExitCode = (int)failure.Code,
                Details = failure.Details.Count == 0 ? null
                : failure.Details
            });
        return failure.Code;
    }
}
