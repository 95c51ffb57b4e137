using Patchbay.Models;
using Patchbay.Patching;

namespace Patchbay.Experiments.Tests;

/// <summary>Memory budgets.</summary>
internal static class Budgets
{
    /// <summary>The smallest that is accepted: one prompt at a time.</summary>
    public static long Smallest(Decoder model, int prompts, int tokens, int from, int captures)
    {
        long low = 0, high = 1L << 33;
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            try
            {
                MemoryPlan.For(model, prompts, tokens, from, captures, middle);
                high = middle;
            }
            catch (InvalidDataException)
            {
                low = middle;
            }
        }
        Assert.Equal(1, MemoryPlan.For(model, prompts, tokens, from, captures, high).PromptsPerBatch);
        return high;
    }
}
