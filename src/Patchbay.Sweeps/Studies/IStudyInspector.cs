using Patchbay.Tasks;

namespace Patchbay.Sweeps.Studies;

/// <summary>Looks at the models that a study names, without loading them.</summary>
public interface IStudyInspector
{
    /// <summary>The shape that a checkpoint's header says.</summary>
    /// <param name="place">Where the model lies.</param>
    /// <param name="dtype">How it is loaded: "float32".</param>
    /// <exception cref="InvalidDataException">The checkpoint cannot be used.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    CheckpointShape ShapeOf(ModelPlace place, string dtype);

    /// <summary>How the model reads text; its tokenizer is opened when the first text comes.</summary>
    EncodeText EncoderOf(ModelPlace place);
}
