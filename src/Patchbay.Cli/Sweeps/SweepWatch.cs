using Patchbay.Cli.Drawings;
using Patchbay.Sweeps;
using Spectre.Console.Rendering;

namespace Patchbay.Cli.Sweeps;

/// <summary>
/// Watches a sweep until it has ended: a live view where somebody sits at the terminal, otherwise a line every few seconds and for
/// every stage that becomes complete. It asks for states and knows neither journals nor nodes.
/// </summary>
/// <param name="screen">Where to draw.</param>
/// <param name="id">The sweep.</param>
/// <param name="clock">Knows how fast it goes; may know the past already.</param>
/// <param name="time">The time.</param>
internal sealed class SweepWatch(Screen screen, string id, WatchClock clock, TimeProvider time)
{
    private static readonly TimeSpan SayAtLeast = TimeSpan.FromMinutes(1); // that it still goes on

    /// <summary>Time between two looks.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Time between two lines where nobody sits at the terminal.</summary>
    public TimeSpan Say { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How much is done of each unit that runs in this process; null where others run it.</summary>
    public Func<IReadOnlyDictionary<(string Sweep, string Unit), double>>? Shares { get; init; }

    /// <summary>How a state looks.</summary>
    public Func<SweepState, IRenderable>? Drawing { get; init; }

    /// <summary>Watches until the sweep has ended or the watch is.</summary>
    /// <param name="read">The sweep's state as it is now.</param>
    /// <param name="cancel">Ends the watch, not the sweep.</param>
    /// <returns>The last state seen.</returns>
    public SweepState Run(Func<SweepState> read, CancellationToken cancel) =>
        screen.IsInteractive ? Draw(read, cancel) : Tell(read, cancel);

    private SweepState Draw(Func<SweepState> read, CancellationToken cancel)
    {
        var state = Seen(read);
        bool Next()
        {
            if (state.Ended || cancel.WaitHandle.WaitOne(Look)) return false;
            state = Seen(read);
            return true;
        }
        // Where it cannot be drawn it is told, from the state that could not be drawn on.
        return screen.Live(() => Drawing?.Invoke(state)
            ?? SweepDrawing.Draw(id, state, clock, time.GetUtcNow(), screen.Height, Shares?.Invoke()), Next) ? state : Tell(read, cancel);
    }

    private SweepState Tell(Func<SweepState> read, CancellationToken cancel)
    {
        var (state, before, said, at) = (Seen(read), SweepState.None, SweepState.None, DateTimeOffset.MinValue);
        while (true)
        {
            var now = time.GetUtcNow();
            var known = before.Stages;
            foreach (var stage in state.InOrder.Where(s => s.Status == StageStatus.Completed
                && known.GetValueOrDefault(s.Stage.Id)?.Status != StageStatus.Completed))
                WriteLine($"{stage.Stage.Id} is complete: {SweepText.Count(stage.Order.Length, "unit")}");
            if (state.Ended || state.Status != said.Status || now - at >= (ReferenceEquals(state, said) ? SayAtLeast : Say))
            {
                WriteLine(SweepDrawing.Summary(id, state, clock, now));
                (said, at) = (state, now);
            }
            before = state;
            if (state.Ended || cancel.WaitHandle.WaitOne(Look)) return state;
            state = Seen(read);
        }
    }

    private SweepState Seen(Func<SweepState> read)
    {
        var state = read();
        clock.Observe(time.GetUtcNow(), state);
        return state;
    }

    private void WriteLine(string line) => screen.Writer.WriteLine(line);
}
