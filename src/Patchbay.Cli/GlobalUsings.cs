global using Patchbay.Findings;
global using Patchbay.Report;
global using Patchbay.Sweeps;
global using Patchbay.Sweeps.Studies;
global using Patchbay.Tasks;
