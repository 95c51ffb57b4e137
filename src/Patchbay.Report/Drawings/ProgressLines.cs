using System.Globalization;

namespace Patchbay.Report;

/// <summary>Says how far a piece of work is.</summary>
/// <param name="label">What is being done.</param>
/// <param name="fraction">How much of it is done, in [0, 1].</param>
internal delegate void ReportProgress(string label, double fraction);

/// <summary>Progress where nobody sits at a terminal: a line now and then, none of what is soon over.</summary>
/// <param name="writer">Takes the lines.</param>
/// <param name="time">The time.</param>
internal sealed class ProgressLines(TextWriter writer, TimeProvider time)
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(30);
    private readonly Lock gate = new();
    private readonly long begun = time.GetTimestamp();
    private int told;

    /// <summary>Tells what is being done and which share of it is done, 0 to 1, if that was not told lately.</summary>
    public void Report(string what, double done)
    {
        lock (gate)
        {
            var due = (int)(time.GetElapsedTime(begun) / Between);
            if (due <= told) return;
            told = due;
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what}: {100 * done:0} % after {time.GetElapsedTime(begun).TotalSeconds:0} s"));
        }
    }
}
