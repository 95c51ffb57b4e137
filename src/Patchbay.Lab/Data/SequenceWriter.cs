using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

/// <summary>Puts a batch together id by id.</summary>
internal sealed class SequenceWriter(int tokens, LabVocabulary vocabulary)
{
    private readonly List<TrainingSequence> _sequences = [];
    private readonly List<int> _ids = [];
    private readonly List<float> _weights = [];
    private int _written;

    /// <summary>The sequences finished so far.</summary>
    public IReadOnlyList<TrainingSequence> Sequences => _sequences;

    /// <summary>Whether the batch has as many tokens as it should.</summary>
    public bool IsFull => _sequences.Count > 0 && _written >= tokens;

    /// <summary>Ids in the sequence that is being written.</summary>
    public int Length => _ids.Count;

    /// <summary>Begins a sequence.</summary>
    public void Begin()
    {
        _ids.Clear();
        _weights.Clear();
        Add(LabVocabulary.Begin, 0);
    }

    /// <summary>Appends an id.</summary>
    public void Add(int id, float weight)
    {
        _ids.Add(id);
        _weights.Add(weight);
    }

    /// <summary>Appends ids of one weight.</summary>
    public void Add(ReadOnlySpan<int> ids, float weight)
    {
        foreach (var id in ids) Add(id, weight);
    }

    /// <summary>Appends a text.</summary>
    public void Add(string text, float weight) => vocabulary.Encode(text, id => Add(id, weight));

    /// <summary>Ends the sequence.</summary>
    public void Finish(string kind)
    {
        _sequences.Add(new TrainingSequence(kind, [.. _ids], [.. _weights]));
        _written += _ids.Count;
    }

    /// <summary>The generator of a step's batch.</summary>
    public static SplitMix64 RandomOf(ulong seed, long step) => SplitMix64.For(seed, $"step {step}");
}
