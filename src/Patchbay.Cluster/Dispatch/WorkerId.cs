namespace Patchbay.Cluster.Dispatch;

/// <summary>Names of workers: a model actor on a node, as it was born; another after a restart.
/// "NODE#ACTOR#BIRTH".</summary>
public static class WorkerId
{
    /// <summary>A name for a model actor that is born.</summary>
    public static string Of(string node, string actor) => $"{node}#{actor}#{Guid.NewGuid():N}";

    /// <summary>Its node.</summary>
    public static string NodeOf(string worker) => worker.Split('#')[0];

    /// <summary>Id of the model actor.</summary>
    public static string ActorOf(string worker) => worker.Split('#')[1];
}
