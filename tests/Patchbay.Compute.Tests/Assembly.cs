// The random number generator and thread counts of libtorch belong to the process: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
