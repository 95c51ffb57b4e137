namespace Patchbay.Cli.Arguments;

/// <summary>Cores that threads can be put on.</summary>
internal static class ProcessorCores
{
    /// <summary>Physical cores that this process may use: two hardware threads of one core count once, since matrix
    /// products gain nothing from the second.</summary>
    public static int Available()
    {
        var logical = Environment.ProcessorCount; // within the container's limit and the process's affinity
        const string processors = "/sys/devices/system/cpu";
        if (!Directory.Exists(processors)) return logical;
        var cores = Directory.EnumerateDirectories(processors, "cpu*")
            .Select(folder => Path.Combine(folder, "topology", "thread_siblings_list"))
            .Where(File.Exists).Select(File.ReadAllText).Distinct().Count();
        return cores == 0 ? logical : Math.Min(cores, logical);
    }
}
