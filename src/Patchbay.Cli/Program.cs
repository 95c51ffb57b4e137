using System.Runtime.InteropServices;
using Patchbay.Cli;

var terminal = Terminal.OfProcess();
using var interruption = new CancellationTokenSource();
var terminated = false;
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
try
{
    return (int)CommandLine.Run(args, terminal, interruption.Token, () => terminated);
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    return (int)ExitCode.Failed; // neither output takes a word: there is nobody to tell
}

// The first signal asks the command to stop where it can; the second ends the process.
void Stop(PosixSignalContext signal)
{
    if (interruption.IsCancellationRequested) return;
    signal.Cancel = true;
    terminated = signal.Signal != PosixSignal.SIGINT;
    interruption.Cancel();
}
