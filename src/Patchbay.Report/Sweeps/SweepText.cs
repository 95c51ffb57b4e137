using System.Globalization;

namespace Patchbay.Report;

/// <summary>What is said of a sweep, for people.</summary>
internal static class SweepText
{
    /// <summary>"completed with failures".</summary>
    public static string Status(SweepStatus status) => SweepDecider.Text(status);

    /// <summary>"waiting", "running", "complete"; "stopped" where all that is left of it was set aside.</summary>
    public static string Status(StageState stage) => stage.Status switch
    {
        StageStatus.Waiting => "waiting",
        StageStatus.Completed => "complete",
        _ => stage.Pending > 0 ? "running" : "stopped",
    };

    /// <summary>A status as JSON has it: "completed_with_failures".</summary>
    public static string Word(SweepStatus status) => Status(status).Replace(' ', '_');

    /// <summary>A stage's name beside its model: "path-patching/B" of "tiny-base/path-patching/B".</summary>
    public static string ShortId(Stage stage) =>
        stage.Id.StartsWith(stage.Model + "/", StringComparison.Ordinal) ? stage.Id[(stage.Model.Length + 1)..]
            : stage.Id;

    /// <summary>Units done of those known: "12/40"; "12/40+" where stages have not begun, whose units are not
    /// known.</summary>
    public static string Units(IEnumerable<StageState> stages)
    {
        var all = stages.ToArray();
        var waiting = all.Any(s => s.Status == StageStatus.Waiting) ? "+" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{all.Sum(s => s.Completed)}/{all.Sum(s => s.Order.Length)}{waiting}");
    }

    /// <summary>How long: "4.2 s", "3:05", "2:03:05", "3 d 04 h".</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 9.95 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
        { TotalSeconds: < 59.5 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        { TotalHours: < 1 } => time.ToString(@"m\:ss", CultureInfo.InvariantCulture),
        { TotalDays: < 1 } => time.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture),
        _ => time.ToString(@"d\ \d\ hh\ \h", CultureInfo.InvariantCulture),
    };

    /// <summary>A time as lists show it, where the operator is.</summary>
    public static string Time(DateTimeOffset? at) => at?.ToLocalTime()
        .ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";

    /// <summary>A share or a correlation with two digits; "-" where there is none.</summary>
    public static string Share(double value) => double.IsFinite(value)
        ? value.ToString("0.00", CultureInfo.InvariantCulture) : "-";

    /// <summary>"1 unit", "2 units".</summary>
    public static string Count(int count, string noun) => string.Create(CultureInfo.InvariantCulture,
        $"{count} {noun}{(count == 1 ? "" : "s")}");
}
