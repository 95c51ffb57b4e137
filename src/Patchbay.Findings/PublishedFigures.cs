namespace Patchbay.Findings;

/// <summary>
/// What Prakash, Shaham, Haklay, Belinkov, Bau, "Fine-Tuning Enhances Existing Mechanisms: A Case Study on Entity
/// Tracking" (ICLR 2024, arXiv 2402.14811) give for LLaMA-7B and its three fine-tunes, and their published circuits.
/// Looked up by the names that the catalogue gives as <c>reference</c>: llama, vicuna, goat, float; groups by the
/// chain's names. Null where the paper gives nothing.
/// </summary>
public static class PublishedFigures
{
    /// <summary>The paper, in a line.</summary>
    public const string Citation = "Prakash, Shaham, Haklay, Belinkov, Bau: Fine-Tuning Enhances Existing Mechanisms: "
        + "A Case Study on Entity Tracking. ICLR 2024";

    private static readonly string[] Models = ["llama", "vicuna", "goat", "float"];

    private static readonly Dictionary<string, string> StandsFor = new()
    {
        ["tiny-base"] = "llama",
        ["tiny-chat"] = "vicuna",
        ["tiny-goat"] = "goat",
        ["tiny-float"] = "float",
    };

    private static readonly Dictionary<(string Model, string Group, string Desideratum), int> Dcm = new()
    {
        [("llama", "A", "object value")] = 40,
        [("llama", "B", "position")] = 5,
        [("llama", "C", "position")] = 14,
        [("goat", "A", "object value")] = 56,
        [("goat", "B", "position")] = 15,
        [("goat", "C", "position")] = 18,
        [("float", "A", "object value")] = 60,
        [("float", "B", "position")] = 13,
        [("float", "C", "position")] = 22,
    };

    /// <summary>The published model that a model is (llama-7b) or, in the tiny quartet, stands for (tiny-base); null
    /// for any other.</summary>
    /// <param name="model">Its name in the study.</param>
    public static string? ReferenceOf(string model) => StandsFor.GetValueOrDefault(model)
        ?? Models.FirstOrDefault(m => model == m || model == m + "-7b");

    /// <summary>Whether a model only stands for a published one: the tiny quartet's, which are not the 7B
    /// models.</summary>
    /// <param name="model">Its name in the study.</param>
    public static bool IsStandIn(string model) => StandsFor.ContainsKey(model);

    /// <summary>Accuracy on 500 prompts.</summary>
    public static double? Accuracy(string? reference) => ByModel(reference, .66, .67, .82, .82);

    /// <summary>Accuracy of LLaMA-7B's circuit in a model.</summary>
    public static double? CircuitAccuracy(string? reference) => ByModel(reference, .66, .65, .73, .72);

    /// <summary>Accuracy of random circuits as large as LLaMA-7B's in a model.</summary>
    public static double? RandomCircuit(string? reference) => ByModel(reference, .00, .00, .01, .01);

    /// <summary>Faithfulness of LLaMA-7B's circuit in a model.</summary>
    public static double? Faithfulness(string? reference) => ByModel(reference, 1.00, .97, .89, .88);

    /// <summary>Accuracy of LLaMA-7B with a fine-tune's activations, output form.</summary>
    /// <param name="donor">The fine-tune.</param>
    /// <param name="group">A group's name, or "circuit" for all.</param>
    public static double? Cmap(string? donor, string group) => (donor, group) switch
    {
        ("goat" or "float", "circuit") => .82,
        ("goat" or "float", "A") => .82,
        ("goat", "B") => .78,
        ("goat", "C") => .62,
        ("float", "B") => .74,
        ("float", "C") => .56,
        ("goat" or "float", "D") => .65,
        _ => null,
    };

    /// <summary>Heads of a group that DCM keeps.</summary>
    public static int? DcmHeads(string? reference, string group, string desideratum) =>
        reference is not null && Dcm.TryGetValue((reference, group, desideratum), out var heads) ? heads : null;

    /// <summary>Heads of a model's circuit after minimality.</summary>
    public static int? CircuitSize(string? reference, string group) => (reference switch
    {
        "llama" => [40, 7, 20, 5],
        "goat" => [68, 28, 40, 39],
        "float" => [68, 29, 40, 38],
        _ => (int[])[],
    }) is { Length: > 0 } sizes && Index(group) is var i and >= 0 ? sizes[i] : null;

    /// <summary>Overlap of LLaMA-7B's circuit with another's; see <see cref="CircuitOverlap"/>.</summary>
    public static (double Precision, double Recall)? Overlap(string? reference, string group) => reference != "float"
        ? null : group switch
        {
            "A" => (.68, .40),
            "B" => (1.0, .24),
            "C" => (.75, .38),
            "D" => (1.0, .13),
            _ => null,
        };

    /// <summary>The strongest heads of LLaMA-7B, most negative first; none where the paper names none.</summary>
    public static IReadOnlyList<Head> Strongest(string? reference, string group) => (reference, group) switch
    {
        ("llama", "B") => [new(14, 27), new(11, 23), new(12, 23), new(19, 12)],
        ("llama", "C") => [new(10, 3), new(13, 14), new(9, 2), new(9, 7)],
        _ => [],
    };

    private static int Index(string group) => "ABCD".IndexOf(group, StringComparison.Ordinal);

    private static double? ByModel(string? reference, params ReadOnlySpan<double> values) =>
        Array.IndexOf(Models, reference) is var i and >= 0 ? values[i] : null;
}
