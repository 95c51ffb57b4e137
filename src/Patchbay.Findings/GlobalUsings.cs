global using Patchbay.Sweeps;
global using Patchbay.Tasks;
