using System.Runtime.InteropServices;
using Patchbay.Cli;

var terminal = Terminal.OfProcess();
using var interruption = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return (int)CommandLine.Run(args, terminal, interruption.Token);

// The first signal asks the command to stop where it can; the second ends the process.
void Stop(PosixSignalContext signal)
{
    if (interruption.IsCancellationRequested) return;
    signal.Cancel = true;
    interruption.Cancel();
}
