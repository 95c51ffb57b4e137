using System.Text.Json.Serialization;

namespace Patchbay.Findings;

/// <summary>The fine-tuned model's activations in the base (method, section 6).</summary>
/// <param name="Donor">Model that the activations are of.</param>
/// <param name="Into">Model that they are patched into.</param>
/// <param name="Form">"output", or "input q", "input k", "input v", "input qkv", ...</param>
/// <param name="Group">A group's name, or "circuit" for all groups.</param>
/// <param name="Heads">How many heads.</param>
/// <param name="Patched">Accuracy with them.</param>
/// <param name="Floor">The base's own on the same prompts.</param>
/// <param name="Target">The donor's own on the same prompts, or null.</param>
/// <param name="PatchedAnswers">Prompts answered with them.</param>
/// <param name="FloorAnswers">Prompts that the base answers.</param>
public sealed record CmapFinding(string Donor, string Into, string Form, string Group, int Heads, Proportion Patched,
    Proportion Floor,
    Proportion? Target, IReadOnlyList<bool> PatchedAnswers, IReadOnlyList<bool> FloorAnswers)
{
    /// <summary>Which heads they are.</summary>
    [JsonIgnore]
    public IReadOnlyList<Head> Which { get; init; } = [];

    /// <summary>What the whole set of heads is called.</summary>
    public const string Whole = "circuit";

    /// <summary>What no head at all is called: the base as it is.</summary>
    public const string NoHeads = "floor";

    /// <summary>Item of the donor's own answers.</summary>
    public const string DonorsOwn = "donor";

    /// <summary>Sets of heads that are patched: all, then each group that has some.</summary>
    public static IReadOnlyList<string> Sets(Circuit heads) => [Whole, .. heads.Groups.Where(g => g.Value.Count > 0)
        .Select(g => g.Key)];

    /// <summary>What a complete stage that patches found.</summary>
    public static IReadOnlyList<CmapFinding> Read(SweepState state, StageState stage)
    {
        var p = stage.Stage.Parameters.As<CmapParameters>();
        if (stage.Status != StageStatus.Completed || p.Part != CmapParameters.Patch || !stage.Results.Any()) return [];
        var heads = StageInputs.Of(stage).Circuit!;
        var (recorded, donor) = (new Recorded(stage), new Recorded(state.Stages[stage.Stage.After[0]]));
        return
        [
            .. from form in p.Forms
               from set in Sets(heads)
               let which = set == Whole ? heads.Heads.Select(h => h.Head).ToArray() : [.. heads.Groups[set]]
               select new CmapFinding(p.Donor, stage.Stage.Model, form, set, which.Length,
                   recorded.Share($"{form} {set}"), recorded.Share($"{form} {NoHeads}"), donor.ShareOrNull(DonorsOwn),
                   recorded.Answers($"{form} {set}"), recorded.Answers($"{form} {NoHeads}"))
               { Which = which },
        ];
    }
}
