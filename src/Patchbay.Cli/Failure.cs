using System.Data.Common;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Patchbay.Cli;

/// <summary>What went wrong, as an exit code and one sentence.</summary>
internal sealed partial record Failure(ExitCode Code, string Sentence)
{
    /// <summary>One line each, where there is more to say than a sentence.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    /// <summary>The failure that an exception stands for.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="next">Makes a command to be typed next (<see cref="Call.Next"/>).</param>
    public static Failure Of(Exception exception, Func<string, string>? next = null)
    {
        var cause = Cause(exception);
        return cause switch
        {
            StudyException study => Of(study),
            JournalException { Fault: JournalFault.Corrupt } => new(ExitCode.Failed,
                OneLine(cause.Message)
                + (next is null ? "" : $"; what is damaged is listed by: {next("journal verify")}")),
            OperationCanceledException => new(ExitCode.Interrupted, "interrupted"),
            FileNotFoundException or DirectoryNotFoundException => new(ExitCode.NotFound, OneLine(cause.Message)),
            // FormatException and JsonException are the framework's: who reads input makes a sentence of them.
            InvalidDataException or JournalException { Fault: JournalFault.Unknown }
                => new(ExitCode.BadInput, OneLine(cause.Message)),
            OutOfMemoryException => new(ExitCode.Failed, $"memory ran out: {OneLine(cause.Message)}"),
            _ => new(ExitCode.Failed, IsOfSurroundings(cause) ? OneLine(cause.Message) : Internal(cause)),
        };
    }

    /// <summary>Whether the machine, a file, a library, another process or the numbers of a training are at
    /// fault.</summary>
    private static bool IsOfSurroundings(Exception cause) => cause
        is IOException or UnauthorizedAccessException or DllNotFoundException or NotSupportedException
        or NotFiniteNumberException or ExternalException or DbException or HttpRequestException or TimeoutException;

    /// <summary>What is said where this program is at fault; names of its types mean nothing to an operator.</summary>
    private static string Internal(Exception cause)
    {
        var message = OneLine(cause.Message);
        string[] ours = ["System.", "Patchbay."];
        var what = ours.Any(name => message.Contains(name, StringComparison.Ordinal)) ? "" : $" ({message})";
        return $"this is a fault of Patchbay itself{what}; with {Call.TraceVariable}=1 it says where";
    }

    private static Failure Of(StudyException study) =>
        new(ExitCode.BadInput,
            $"{study.Path} has {(study.Mistakes.Count == 1 ? "a mistake" : $"{study.Mistakes.Count} mistakes")}")
        {
            Details = [.. study.Mistakes.Select(m => $"line {m.Line}: {OneLine(m.Sentence)}")],
        };

    /// <summary>A failure of the arguments themselves.</summary>
    public static Failure BadArguments(string message) => new(ExitCode.BadInput, OneLine(message));

    /// <summary>The exception inside the wrappings that the runtime adds.</summary>
    private static Exception Cause(Exception exception) => exception switch
    {
        AggregateException or TypeInitializationException or TargetInvocationException
            when exception.InnerException is { } inner => Cause(inner),
        _ => exception,
    };

    /// <summary>A message as one line without its full stop, and without what a terminal would obey.</summary>
    internal static string OneLine(string message) =>
        Blanks().Replace(ParameterName().Replace(message, ""), " ").Trim().TrimEnd('.');

    [GeneratedRegex(@"[\s\p{Cc}]+")]
    private static partial Regex Blanks();

    // ArgumentException adds the parameter's name, which means nothing to an operator.
    [GeneratedRegex(@"\s*\(Parameter '[^']*'\)")]
    private static partial Regex ParameterName();
}
