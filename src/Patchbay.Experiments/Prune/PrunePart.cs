namespace Patchbay.Experiments;

/// <summary>What a unit of a prune stage does.</summary>
internal enum PruneTask
{
    /// <summary>Evaluates the start set.</summary>
    Start,

    /// <summary>Leaves out every head of a layer and position alone.</summary>
    LeaveOut,

    /// <summary>Tries heads in order.</summary>
    Search,

    /// <summary>Tells of which group heads are at a position that several share.</summary>
    Place,

    /// <summary>Evaluates the whole model.</summary>
    Model,

    /// <summary>Evaluates the circuit.</summary>
    Circuit,

    /// <summary>Evaluates a random circuit.</summary>
    Random,
}

/// <summary>A unit of a prune stage.</summary>
/// <param name="Task">What it does.</param>
/// <param name="Position">Position of the heads that it leaves out.</param>
/// <param name="Number">Their layer, or the random circuit's number.</param>
internal readonly record struct PrunePart(PruneTask Task, string Position = "", int Number = 0);
