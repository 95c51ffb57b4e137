// The random number generator, thread counts and tensor counts of libtorch belong to the process: one test at a time.
// Only a class with a [Collection] of its own, which makes no tensor, runs beside the others.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly)]
