using System.Collections.Immutable;
using System.Globalization;

namespace Patchbay.Web.Sweeps;

/// <summary>A sweep as pages show it, kept up to date from its events: its state, what happened lately, who ran what,
/// and how fast it goes. Used under its <see cref="SweepBook"/>'s lock; what it gives out does not change.</summary>
internal sealed class SweepHistory(string id)
{
    private readonly WatchClock clock = new();
    private readonly Dictionary<string, string> taken = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, int> minutes = [];
    private ImmutableList<RecordedEvent> happened = []; // all but results
    private ImmutableDictionary<string, string> nodes = ImmutableDictionary.Create<string, string>(
        StringComparer.Ordinal);
    private DateTimeOffset? started;
    private SweepState state = SweepState.None;
    private long sequence;

    /// <summary>Takes note of all that the journal has since it was last asked; false where there is no such
    /// sweep.</summary>
    public bool Follow(Journal.SqlJournal journal)
    {
        if (sequence == 0)
        {
            var recovered = journal.Recover(id, clock.Observe);
            if (recovered.Sequence == 0) return false;
            (state, sequence) = (recovered.State, recovered.Sequence);
            foreach (var earlier in journal.ReadWithoutResults(id).Where(e => e.Sequence <= sequence)) Note(earlier);
            return true;
        }
        foreach (var recorded in journal.Read(id, sequence))
        {
            (state, sequence) = (SweepDecider.Evolve(state, recorded.Event), recorded.Sequence);
            if (recorded.Event is InterventionRecorded) continue;
            Note(recorded);
            clock.Observe(recorded.At, state);
        }
        return true;
    }

    /// <summary>The sweep as it is now.</summary>
    public SweepSeen Seen(DateTimeOffset now, IReadOnlyDictionary<(string Sweep, string Unit), double> shares)
    {
        double? ShareOf(string unit) => shares.TryGetValue((id, unit), out var share) ? share : null;
        return new(id, state, sequence, happened, nodes)
        {
            Running = [.. Running().Select(u => u with { Share = ShareOf(u.Unit) })],
            Bars = [.. state.Plan!.Models.Select(m => ModelBar.Progress(state, m.Name, clock, now, ShareOf))],
            Rate = clock.ResultsPerMinute(state, now),
            Left = clock.Left(state, now),
            PerMinute = PerMinute(now),
            Started = started,
        };
    }

    private void Note(RecordedEvent recorded)
    {
        happened = happened.Add(recorded);
        switch (recorded.Event)
        {
            case SweepStarted: started ??= recorded.At; break;
            case UnitClaimed claimed: taken[claimed.Unit] = claimed.Node; break;
            case UnitFailed failed: taken.Remove(failed.Unit); break;
            case SweepPaused or SweepCancelled: taken.Clear(); break;
            case UnitCompleted done:
                taken.Remove(done.Unit);
                nodes = nodes.SetItem(done.Unit, done.Node);
                var minute = recorded.At.ToUnixTimeSeconds() / 60;
                minutes[minute] = minutes.GetValueOrDefault(minute) + (state.Unit(done.Unit)?.Results.Length ?? 0);
                break;
        }
    }

    private IEnumerable<UnderWay> Running() =>
        from unit in taken
        where state.Status == SweepStatus.Running && state.Unit(unit.Key)?.Status == UnitStatus.Pending
        orderby unit.Key
        select new UnderWay(unit.Key, unit.Value, null);

    // Results of each of the last sixty minutes in which it was at work, up to now or to its end.
    private int[] PerMinute(DateTimeOffset now)
    {
        const int most = 60;
        if (minutes.Count == 0) return [];
        var last = state.Status == SweepStatus.Running ? now.ToUnixTimeSeconds() / 60 : minutes.Keys.Last();
        var first = Math.Max(minutes.Keys.First(), last - most + 1);
        return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => minutes.GetValueOrDefault(first + i))];
    }
}

/// <summary>A unit that a node has taken and not brought back.</summary>
/// <param name="Unit">Its id.</param>
/// <param name="Node">Who has it.</param>
/// <param name="Share">How much of it is done, where this node knows.</param>
public sealed record UnderWay(string Unit, string Node, double? Share)
{
    /// <summary>"gpu1, process 4711".</summary>
    public string Host => HostOf(Node);

    /// <summary>"54 %", or "" where it is not known.</summary>
    public string Percent => Share is { } share ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %")
        : "";

    /// <summary>"gpu1, process 4711", of a node's name.</summary>
    internal static string HostOf(string node) => node.Split(':') is [var host, var process, ..]
        ? $"{host}, process {process}" : node;
}

/// <summary>A sweep as it was at an instant, for one page.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">Its state.</param>
/// <param name="Sequence">Number of its last event.</param>
/// <param name="Events">All that happened but results, oldest first.</param>
/// <param name="Nodes">Who ran each unit that is done.</param>
public sealed record SweepSeen(string Id, SweepState State, long Sequence, IReadOnlyList<RecordedEvent> Events,
    IReadOnlyDictionary<string, string> Nodes)
{
    private RunFacts? run;

    /// <summary>When it was first started.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>Units handed out.</summary>
    public IReadOnlyList<UnderWay> Running { get; init; } = [];

    /// <summary>How far each model is.</summary>
    internal IReadOnlyList<ModelBar> Bars { get; init; } = [];

    /// <summary>Results per minute, where that is known.</summary>
    public double? Rate { get; init; }

    /// <summary>Time left, where that is known.</summary>
    public TimeSpan? Left { get; init; }

    /// <summary>Results of each of its last minutes, an hour at most.</summary>
    public IReadOnlyList<int> PerMinute { get; init; } = [];

    /// <summary>What was planned.</summary>
    public SweepPlan Plan => State.Plan!;

    /// <summary>Units done and set aside, and all that there are or will be, as far as that is known.</summary>
    public (int Done, int Failed, int All) Units => (State.InOrder.Sum(s => s.Completed),
        State.InOrder.Sum(s => s.SetAside), Math.Max(1, State.InOrder.Sum(s => WatchClock.Expected(State, s) ?? 1)));

    /// <summary>Units done since a time, by who did them, with how many results each has; the latest first.</summary>
    internal IEnumerable<(string Host, int Results)> CompletedSince(DateTimeOffset since)
    {
        for (var i = Events.Count - 1; i >= 0 && Events[i].At > since; i--)
            if (Events[i].Event is UnitCompleted done)
                yield return (UnderWay.HostOf(done.Node), State.Unit(done.Unit)?.Results.Length ?? 0);
    }

    /// <summary>The facts of the run.</summary>
    internal RunFacts Run => run ??= RunFacts.Of(Id, State, Events);

    /// <summary>What its report is made of.</summary>
    internal ReportInput Input => new(Run, SweepFindings.Of(State), SweepReport.Training(Plan));

    /// <summary>Differs whenever a page of the sweep would.</summary>
    public string Version => string.Create(CultureInfo.InvariantCulture,
        $"{Sequence} {Rate:0} {Left?.TotalSeconds / 5:0} {string.Join(' ', Running.Select(u => u.Percent))}");
}
