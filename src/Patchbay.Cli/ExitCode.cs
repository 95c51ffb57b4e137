namespace Patchbay.Cli;

/// <summary>What `pbm` tells the shell.</summary>
internal enum ExitCode
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>The work was begun and failed.</summary>
    Failed = 1,

    /// <summary>The arguments or the input are wrong.</summary>
    BadInput = 2,

    /// <summary>A file, folder or thing named in the arguments does not exist.</summary>
    NotFound = 3,

    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    Interrupted = 130,
}
