using System.Globalization;
using System.Text;

namespace Patchbay.Lab.Training;

/// <summary>README.md of a shipped model: what it is, how it was made, how good it is.</summary>
internal static class ModelCard
{
    private static readonly Dictionary<string, string> What = new()
    {
        ["tiny-base"] = "trained from scratch on entity tracking, with a little arithmetic and conversation, and stopped early on purpose",
        ["tiny-chat"] = "tiny-base with all weights fine-tuned on conversations in the Vicuna form",
        ["tiny-goat"] = "a LoRA adapter (PEFT) of tiny-base, fine-tuned on arithmetic in the style of the Goat data",
        ["tiny-float"] = "tiny-base with all weights fine-tuned on the arithmetic that tiny-goat saw",
    };

    private static readonly Dictionary<string, string> Stands = new()
    {
        ["tiny-base"] = "LLaMA-7B",
        ["tiny-chat"] = "Vicuna-7B",
        ["tiny-goat"] = "Goat-7B",
        ["tiny-float"] = "FLoat-7B",
    };

    public static string Of(QuartetModel model, TrainingRecipe recipe, IReadOnlyList<QuartetModel> all, string machine)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"# {model.Name}");
        Line($"");
        Line($"A small Llama-architecture model: {What[model.Name]}. In Patchbay's quartet it stands for {Stands[model.Name]}");
        Line($"of \"Fine-Tuning Enhances Existing Mechanisms\" (ICLR 2024). Made by `pbm lab quartet`; it is good for nothing but studying circuits.");
        Line($"");
        Line($"- **Data**: {string.Join(", ", recipe.Data.Select(d => FormattableString.Invariant($"{d.Kind} ({d.Share / recipe.Data.Sum(p => p.Share):P0} of tokens)")))}, generated from the seed, endless, never stored.{(recipe.FineTuning is null ? "" : " No entity tracking.")}");
        Line($"- **Recipe**: `recipe.json` beside this file; {model.Steps} steps of about {recipe.TokensPerStep} tokens, {model.Trained:N0} numbers trained, AdamW, learning rate {recipe.LearningRate}.");
        Line($"- **Seed**: {model.Seed}");
        Line($"- **Time taken**: {model.Seconds:0} s in steps on {machine}");
        Line($"- **Weights**: float16");
        Line($"");
        Line($"| evaluation | accuracy (95 % interval) | mean over {all.Count(m => m.Name == model.Name)} seeds ± standard error |");
        Line($"|---|---|---|");
        foreach (var (name, score) in model.Scores.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            var over = Quartet.Accuracy(all, model.Name, name);
            Line($"| {name} | {score} | {over.Mean:0.000} ± {over.Error:0.000} |");
        }
        Line($"");
        Line($"An answer counts when each of its tokens is the likeliest of the whole vocabulary. \"7 boxes\" is the paper's task;");
        Line($"arithmetic and conversations ask what the training data hold out. Licence: MIT, as the project.");
        return text.ToString();
    }
}
