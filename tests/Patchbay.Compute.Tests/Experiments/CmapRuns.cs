using Patchbay.Models;
using Patchbay.Patching;

namespace Patchbay.Experiments.Tests;

internal static class CmapRuns
{
    /// <summary>Which prompts a base answers with a donor's heads, on base runs of its own.</summary>
    public static bool[][] Answered(Decoder model, PromptSet prompts, Circuit heads, string path,
        IReadOnlyList<(CmapForm Form, IReadOnlyList<string> Groups)> wanted)
    {
        var from = Cmap.First(prompts, heads);
        using var batches = new PromptBatches(model, prompts, from, null, batch =>
            BaseRun.Create(model, batch.Clean, from));
        return Cmap.Answered(model, prompts, heads, path, wanted, batches, null, default);
    }
}
