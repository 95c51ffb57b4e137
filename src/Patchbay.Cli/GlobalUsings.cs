global using Patchbay.Findings;
global using Patchbay.Sweeps;
global using Patchbay.Tasks;
