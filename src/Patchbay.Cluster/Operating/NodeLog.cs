using Akka.Event;
using Akka.Hosting;
using Akka.Logger.Serilog;
using Serilog;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;
using Serilog.Formatting.Json;
using Log = Serilog.Log;
using LogEvent = Serilog.Events.LogEvent;

namespace Patchbay.Cluster.Operating;

/// <summary>Where a node's log goes, and how much of it.</summary>
/// <param name="Folder">Folder of its files.</param>
/// <param name="Level">The least that is written: "verbose", "debug", "information", "warning" or "error".</param>
public sealed record LogSettings(string Folder, string Level);

/// <summary>
/// The log of a process that runs a node: JSON lines in files of a day, at most 16 MiB each, of which seven are kept.
/// All that actors log goes there; of Akka's own words those from a warning up, or all where the level is "debug" or
/// "verbose". A file that cannot be written costs the log, not the node.
/// </summary>
internal static class NodeLog
{
    private const long FileBytes = 16 << 20;
    private const int FilesKept = 7;

    /// <summary>Begins to write, where a log is kept.</summary>
    public static void Open(LogSettings? settings)
    {
        if (settings is null) return;
        var level = LevelOf(settings);
        Log.Logger = new LoggerConfiguration().MinimumLevel.Is(level)
            .MinimumLevel.Override("Akka", level <= LogEventLevel.Debug ? level : LogEventLevel.Warning)
            .WriteTo.File(new JsonLine(), Path.Combine(settings.Folder, "node-.log"),
                rollingInterval: RollingInterval.Day, fileSizeLimitBytes: FileBytes, rollOnFileSizeLimit: true,
                retainedFileCountLimit: FilesKept)
            .CreateLogger();
    }

    /// <summary>Writes what is left, if there is room for it.</summary>
    public static void Close()
    {
        try
        {
            Log.CloseAndFlush();
        }
        catch (IOException)
        {
            // The disk is full: whoever needs it says so.
        }
    }

    /// <summary>Has an actor system log here.</summary>
    public static void Use(LoggerConfigBuilder setup, LogSettings settings)
    {
        setup.LogLevel = LevelOf(settings) switch
        {
            LogEventLevel.Verbose or LogEventLevel.Debug => LogLevel.DebugLevel,
            LogEventLevel.Information => LogLevel.InfoLevel,
            LogEventLevel.Warning => LogLevel.WarningLevel,
            _ => LogLevel.ErrorLevel,
        };
        setup.AddLogger<SerilogLogger>();
    }

    private static LogEventLevel LevelOf(LogSettings settings) =>
        Enum.Parse<LogEventLevel>(settings.Level, ignoreCase: true);

    // As Serilog's compact JSON: @t time, @l level where it is not information, @m message, @x exception; and beside
    // them what the message is made of. Of what Akka adds only the actor is kept.
    private sealed class JsonLine : ITextFormatter
    {
        private static readonly string[] LeftOut = ["Thread", "LogSource", "Timestamp", "SourceContext"];
        private readonly MessageTemplateTextFormatter message = new("{Message:lj}");
        private readonly JsonValueFormatter values = new(typeTagName: null);

        public void Format(LogEvent logEvent, TextWriter output)
        {
            output.Write($"{{\"@t\":\"{logEvent.Timestamp.UtcDateTime:O}\"");
            if (logEvent.Level != LogEventLevel.Information) Write("@l", logEvent.Level.ToString(), output);
            using var text = new StringWriter();
            message.Format(logEvent, text);
            Write("@m", text.ToString(), output);
            if (logEvent.Exception is { } exception) Write("@x", exception.ToString(), output);
            foreach (var (name, value) in logEvent.Properties.Where(p => !LeftOut.Contains(p.Key)))
            {
                output.Write(',');
                JsonValueFormatter.WriteQuotedJsonString(name, output);
                output.Write(':');
                values.Format(value, output);
            }
            output.WriteLine('}');
        }

        private static void Write(string name, string value, TextWriter output)
        {
            output.Write($",\"{name}\":");
            JsonValueFormatter.WriteQuotedJsonString(value, output);
        }
    }
}

/// <summary>In the place of Akka's console logger: the console is the command's.</summary>
internal sealed class NoConsole : MinimalLogger
{
    protected override void Log(object message)
    {
    }
}
