namespace Patchbay.Models.Tests;

/// <summary>Tests that touch libtorch run one at a time: its random numbers and thread count belong to the process.</summary>
[CollectionDefinition(nameof(Libtorch), DisableParallelization = true)]
public sealed class Libtorch;
