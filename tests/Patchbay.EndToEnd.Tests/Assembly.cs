// libtorch has one random generator: models drawn from seeds side by side would not be those of their seeds. One test
// at a time, but for classes with a [Collection] of their own, which do it all in other processes.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly)]
