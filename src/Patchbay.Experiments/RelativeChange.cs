namespace Patchbay.Experiments;

/// <summary>The relative change of the answer's probability over prompts, (p_patched - p_clean) / p_clean. Where the
/// clean probability is 0, or so small that the change is no finite number, a prompt has none: it is left out of the
/// mean and named, and the other prompts' mean stands.</summary>
public static class RelativeChange
{
    /// <summary>The change in one prompt; NaN where there is none.</summary>
    internal static double Of(double patched, double clean) => clean > 0 ? (patched - clean) / clean : double.NaN;

    /// <summary>The mean over the prompts that have a change, with its standard error.</summary>
    /// <param name="changes">A change for every prompt; one that is not finite stands for none.</param>
    /// <param name="prompts">The prompts.</param>
    /// <returns>The mean, and the indices of the prompts that are left out of it.</returns>
    /// <exception cref="InvalidDataException">No prompt has a change.</exception>
    public static (Estimate Mean, IReadOnlyList<int> LeftOut) Mean(double[] changes, PromptSet prompts)
    {
        int[] leftOut = [.. Enumerable.Range(0, changes.Length).Where(n => !double.IsFinite(changes[n]))];
        if (leftOut.Length < changes.Length)
            return (Estimate.Mean([.. changes.Where(double.IsFinite)]), leftOut);
        var others = changes.Length == 1 ? "" : $" and {changes.Length - 1} more";
        throw new InvalidDataException($"expected a prompt whose answer has a probability above 0, found none in "
            + $"{prompts.Prompts[0].Origin}{others}: there is no relative change, (p patched - p clean) / p clean");
    }
}
