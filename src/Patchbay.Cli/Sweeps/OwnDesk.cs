using Patchbay.Cli.Commands;
using Patchbay.Cluster;
using Patchbay.Journal;
using Patchbay.Models;
using Patchbay.Web;

namespace Patchbay.Cli.Sweeps;

/// <summary>What the Study page of a node in this process does: the same as `pbm study validate` and `run`.</summary>
internal static class OwnDesk
{
    /// <summary>Null where this program has no model catalogue beside it.</summary>
    public static StudyDesk? Of(Call call, DataHome home, ClusterNode node)
    {
        if (StudyInput.DefaultCatalogue() is not { } catalogue) return null;
        var folder = Path.Combine(Path.GetDirectoryName(catalogue)!, "studies");
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.yaml") : [];
        var examples = files.Order(StringComparer.Ordinal)
            .ToDictionary(path => Path.GetFileNameWithoutExtension(path), path => File.ReadAllText(path));
        // The catalogue is read at each check: who adds a model need not start the node anew.
        return new(examples, text => Study.Parse(text, Path.Combine(folder, "page.yaml"),
            ModelCatalogue.Load(catalogue), StudyInput.Experiments, new CheckpointInspector()), (study, tell, cancel) =>
            {
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, call.Interrupted);
                return SweepPlanner.Plan(study, StudyInput.Threads(study, home), node.Options.MemoryBytes,
                    m => SweepPlanner.PlanModel(m, study.Compute.Dtype, new Direct<ReadProgress>(p =>
                        tell(new(m.Name, Path.GetFileName(p.File), p.Share))), stop.Token), path => Keep(home, path));
            });
    }

    // By a connection of its own: a page is answered on a thread of its own.
    private static string Keep(DataHome home, string path)
    {
        using var journal = SqlJournal.Open(home.Journal.Place);
        using var content = File.OpenRead(path);
        return journal.Artifacts.Put(content);
    }
}
