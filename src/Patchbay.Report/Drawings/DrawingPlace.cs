namespace Patchbay.Report;

/// <summary>Where a live drawing is on its terminal. When the terminal gets narrower Spectre forgets where, and erases
/// everything, all that was printed before included; this erases the drawing's own lines, which the terminal has broken
/// into more, and nothing else. Made before the live drawing begins.</summary>
internal sealed class DrawingPlace : IRenderHook, IDisposable
{
    private const string EraseSaved = "\e[3J";
    private readonly IAnsiConsole console;
    private int width, height; // of the widest and highest drawing since the last erasure: Spectre fills up to them

    /// <summary>Looks at what is drawn on a terminal, until it is disposed of.</summary>
    public DrawingPlace(IAnsiConsole console)
    {
        this.console = console;
        console.Pipeline.Attach(this);
    }

    public void Dispose() => console.Pipeline.Detach(this);

    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables)
    {
        foreach (var renderable in renderables)
        {
            var segments = renderable.Render(options, console.Profile.Width).ToArray();
            if (renderable is ControlCode)
            {
                yield return segments.Any(s => s.Text.Contains(EraseSaved, StringComparison.Ordinal))
                    ? Erasure() : renderable;
                continue;
            }
            var lines = Segment.SplitLines(segments);
            width = Math.Max(width, lines.Select(Segment.CellCount).DefaultIfEmpty(0).Max());
            height = Math.Max(height, lines.Count);
            yield return new Rendered(segments); // a live drawing remembers each time that it is rendered
        }
    }

    private ControlCode Erasure()
    {
        var rows = height * ((width + console.Profile.Width - 1) / console.Profile.Width);
        var up = Math.Min(rows, console.Profile.Height) - 1; // what is above the screen cannot be reached
        (width, height) = (0, 0);
        return new(up > 0 ? $"\r\e[{up}A\e[J" : "\r\e[J");
    }

    private sealed class Rendered(Segment[] segments) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => new(0, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => segments;
    }
}
