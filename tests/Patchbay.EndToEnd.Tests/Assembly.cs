// libtorch has one random generator: models drawn from seeds side by side would not be those of their seeds.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
