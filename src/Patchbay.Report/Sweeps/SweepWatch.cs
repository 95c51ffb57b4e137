namespace Patchbay.Report;

/// <summary>Watches a sweep until it has ended: a live view where somebody sits at the terminal, otherwise a line every
/// few seconds and for every stage that becomes complete. It asks for states and knows neither journals nor
/// nodes.</summary>
/// <param name="screen">Where to draw.</param>
/// <param name="id">The sweep.</param>
/// <param name="clock">Knows how fast it goes; may know the past already.</param>
/// <param name="time">The time.</param>
internal sealed class SweepWatch(Screen screen, string id, WatchClock clock, TimeProvider time)
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5); // where nobody sits at the terminal
    private static readonly TimeSpan LineAtLeastEvery = TimeSpan.FromMinutes(1); // that it still goes on
    private static readonly TimeSpan CalmEvery = TimeSpan.FromSeconds(30);

    /// <summary>Time between two looks at the state.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How much is done of each unit that runs in this process; null where others run it.</summary>
    public Func<IReadOnlyDictionary<(string Sweep, string Unit), double>>? Shares { get; set; }

    /// <summary>What ends the watch: by default the sweep's end.</summary>
    public Func<SweepState, bool> Enough { get; init; } = state => state.Ended;

    /// <summary>Whether lines only say, every half minute, that it goes on: for a command whose output comes
    /// after.</summary>
    public bool Calm { get; init; }

    /// <summary>Command that shows all that failed.</summary>
    public string Show { get; init; } = $"pbm sweep show {id}";

    /// <summary>How a state looks.</summary>
    public Func<SweepState, IRenderable>? Drawing { get; init; }

    /// <summary>What the sweep waits for, in a sentence, or null.</summary>
    public Func<string?>? Trouble { get; init; }

    /// <summary>Watches until the sweep has ended or the watch is.</summary>
    /// <param name="read">The sweep's state as it is now.</param>
    /// <param name="cancel">Ends the watch, not the sweep.</param>
    /// <returns>The last state seen.</returns>
    public SweepState Follow(Func<SweepState> read, CancellationToken cancel) =>
        screen.IsInteractive ? DrawStates(read, cancel) : WriteLines(read, cancel);

    private SweepState DrawStates(Func<SweepState> read, CancellationToken cancel)
    {
        var state = Observed(read);
        bool Next()
        {
            if (Enough(state) || cancel.WaitHandle.WaitOne(LookEvery)) return false;
            state = Observed(read);
            return true;
        }
        // Where it cannot be drawn there are lines, from the state that could not be drawn on.
        IRenderable Draw()
        {
            var drawn = Drawing?.Invoke(state)
                ?? SweepDrawing.Draw(id, state, clock, time.GetUtcNow(), screen.Height, Shares?.Invoke(), Show);
            return Trouble?.Invoke() is { } trouble ? new Rows(drawn, new Text($"waiting: {trouble}")) : drawn;
        }
        return screen.Live(Draw, Next) ? state : WriteLines(read, cancel);
    }

    private SweepState WriteLines(Func<SweepState> read, CancellationToken cancel)
    {
        var (before, written) = (SweepState.None, SweepState.None);
        string? told = null;
        var writtenAt = Calm ? time.GetUtcNow() : DateTimeOffset.MinValue;
        while (true)
        {
            var state = Observed(read);
            var completed = state.InOrder.Where(s => s.Status == StageStatus.Completed
                && before.Stages.GetValueOrDefault(s.Stage.Id)?.Status != StageStatus.Completed);
            foreach (var stage in Calm ? [] : completed)
                WriteLine($"{stage.Stage.Id} is complete: {SweepText.Count(stage.Order.Length, "unit")}");
            if (Trouble?.Invoke() is var trouble && trouble != told)
                WriteLine((told = trouble) is null ? "it goes on" : $"waiting: {trouble}");
            var now = time.GetUtcNow();
            var every = Calm ? CalmEvery : ReferenceEquals(state, written) ? LineAtLeastEvery : LineEvery;
            if (now - writtenAt >= every || (!Calm && (state.Ended || state.Status != written.Status)))
            {
                WriteLine(SweepDrawing.Summary(id, state, clock, now));
                (written, writtenAt) = (state, now);
            }
            if (Enough(state) || cancel.WaitHandle.WaitOne(LookEvery)) return state;
            before = state;
        }
    }

    private SweepState Observed(Func<SweepState> read)
    {
        var state = read();
        clock.Observe(time.GetUtcNow(), state);
        return state;
    }

    private void WriteLine(string line) => screen.Writer.WriteLine(line);
}
