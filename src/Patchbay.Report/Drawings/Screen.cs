namespace Patchbay.Report;

/// <summary>The one way by which commands draw on a terminal. A drawing that fails is told of and left out; the command
/// goes on.</summary>
/// <param name="console">Where to draw.</param>
/// <param name="failed">Told of every drawing that failed, once it is over.</param>
internal sealed class Screen(IAnsiConsole console, Action<Exception> failed)
{
    /// <summary>Takes plain text.</summary>
    public TextWriter Writer => console.Profile.Out.Writer;

    /// <summary>Whether somebody sits at it, so that drawings may change as they are looked at.</summary>
    public bool IsInteractive => console.Profile.Capabilities.Interactive;

    /// <summary>Lines that are seen at once.</summary>
    public int Height => console.Profile.Height;

    /// <summary>Draws once.</summary>
    /// <param name="make">Makes the drawing; it may fail too.</param>
    public void Draw(Func<IRenderable> make)
    {
        Exception? failure = null;
        Guarded(() => console.Write(new GuardedDrawing(make, e => failure = e)), () => true, e => failure = e);
        if (failure is not null) failed(failure);
    }

    /// <summary>Draws again and again in the same place.</summary>
    /// <param name="make">Makes the drawing as it is now.</param>
    /// <param name="next">Waits for the next; false where there is none. What it throws is not the drawing's.</param>
    /// <returns>False where the drawing failed before there was no next one.</returns>
    public bool Live(Func<IRenderable> make, Func<bool> next)
    {
        Exception? failure = null;
        var waits = false;
        bool More()
        {
            waits = true;
            var more = next();
            waits = false;
            return more;
        }
        var drawing = new GuardedDrawing(make, e => failure = e);
        using var place = new DrawingPlace(console);
        Guarded(() => console.Live(drawing).Overflow(VerticalOverflow.Crop).Start(context =>
        {
            context.Refresh();
            while (failure is null && More()) context.Refresh();
        }), () => !waits, e => failure = e);
        if (failure is not null) failed(failure);
        return failure is null;
    }

    /// <summary>Does a piece of work under a progress bar.</summary>
    /// <param name="label">What is being done.</param>
    /// <param name="work">The work. What it throws is not the drawing's.</param>
    public T Progress<T>(string label, Func<ReportProgress, T> work)
    {
        Exception? failure = null;
        using var place = new DrawingPlace(console);
        try
        {
            return console.Progress().AutoClear(true)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(),
                    new RemainingTimeColumn())
                .UseRenderHook((bars, _) => new GuardedDrawing(() => bars, e => failure = e))
                .Start(context =>
                {
                    var bar = context.AddTask(Markup.Escape(label), maxValue: 1);
                    return work((now, fraction) => (bar.Description, bar.Value) = (Markup.Escape(now), fraction));
                });
        }
        finally
        {
            if (failure is not null) failed(failure);
        }
    }

    // A terminal that cannot be written to any more is no fault of a drawing.
    private static void Guarded(Action draw, Func<bool> draws, Action<Exception> failed)
    {
        try
        {
            draw();
        }
        catch (Exception e) when (e is not IOException && draws())
        {
            failed(e);
        }
    }
}
