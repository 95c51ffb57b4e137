using System.Text;

namespace Patchbay.Tasks;

/// <summary>Boxes and what is in them: object k is in the box with label k.</summary>
/// <param name="Objects">One noun per box, all different.</param>
/// <param name="Labels">One label per box, all different.</param>
public sealed record EntityScene(IReadOnlyList<string> Objects, IReadOnlyList<string> Labels)
{
    /// <summary>Number of boxes, n.</summary>
    public int Boxes => Objects.Count;

    /// <summary>The sentence that describes the scene: "The document is in Box X, the pot is in Box T."</summary>
    public string Context => Render().Text;

    /// <summary>The context and the question for a box: "... Box X contains the". The label need not be in the
    /// scene.</summary>
    public string PromptFor(string label) => $"{Context} Box {label} contains the";

    /// <summary>The context and where its words are: each segment's object, label and separator ("," or ".").</summary>
    internal (string Text, IReadOnlyList<SegmentText> Segments) Render()
    {
        var text = new StringBuilder();
        var segments = new List<SegmentText>(Boxes);
        for (var k = 0; k < Boxes; k++)
        {
            text.Append(k == 0 ? "The " : " the ");
            var entity = new TextSpan(text.Length, Objects[k].Length);
            text.Append(Objects[k]).Append(" is in Box ");
            var label = new TextSpan(text.Length, Labels[k].Length);
            text.Append(Labels[k]).Append(k + 1 < Boxes ? ',' : '.');
            segments.Add(new SegmentText(entity, label, new TextSpan(text.Length - 1, 1)));
        }
        return (text.ToString(), segments);
    }
}

/// <summary>One line of an entity-tracking file: a scene and the box that is asked for.</summary>
/// <param name="Scene">The scene.</param>
/// <param name="Queried">Index of the queried box, 0 to n-1.</param>
/// <param name="Origin">Where the line is from, for error messages: "boxes.jsonl, line 3" or "scene 1, box 3".</param>
public sealed record EntityLine(EntityScene Scene, int Queried, string Origin)
{
    /// <summary>Label of the queried box.</summary>
    public string Label => Scene.Labels[Queried];

    /// <summary>What the box contains: the correct answer.</summary>
    public string Answer => Scene.Objects[Queried];

    /// <summary>Context and question, up to and including "contains the".</summary>
    public string Prompt => Scene.PromptFor(Label);

    /// <summary>The prompt with its answer and a full stop, as files hold it.</summary>
    public string Sentence => $"{Prompt} {Answer}.";
}

/// <summary>Where one segment's words are in the context's text.</summary>
internal readonly record struct SegmentText(TextSpan Entity, TextSpan Label, TextSpan Separator);
