using Spectre.Console;
using Spectre.Console.Rendering;

namespace Patchbay.Cli.Drawings;

/// <summary>A drawing that is never wider than the console and that, where making or rendering it throws, is empty and
/// says why.</summary>
/// <param name="make">Makes what is drawn, anew each time.</param>
/// <param name="failed">Takes what was thrown.</param>
internal sealed class GuardedDrawing(Func<IRenderable> make, Action<Exception> failed) : IRenderable
{
    /// <inheritdoc/>
    public Measurement Measure(RenderOptions options, int maxWidth) => new(0, maxWidth);

    /// <inheritdoc/>
    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        try
        {
            var drawing = make();
            if (drawing is Table table) drawing = new FittedTable(table);
            return [.. FittedLines.Fit(drawing.Render(options, maxWidth), maxWidth)];
        }
#pragma warning disable CA1031 // A drawing that fails costs the drawing, whatever is wrong with it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failed(e);
            return [];
        }
    }
}
