global using Patchbay.Findings;
global using Patchbay.Models;
global using Patchbay.Patching;
global using Patchbay.Sweeps;
global using Patchbay.Tasks;
