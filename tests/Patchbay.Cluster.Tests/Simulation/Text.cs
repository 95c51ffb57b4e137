namespace Patchbay.Cluster.Tests.Simulation;

/// <summary>A state as text, to compare two.</summary>
internal static class Text
{
    public static string Of(SweepState state) => string.Join('\n',
        state.InOrder.Select(s => string.Join(' ', s.Stage.Id, s.Status, s.Inputs, s.Completed, s.SetAside,
        string.Join(' ', s.Order.Select(id => Of(id, s.Units[id])))))
        .Prepend(state.Status.ToString()));

    private static string Of(string id, UnitState u) =>
        $"{id}:{u.Status},{u.Failures},{u.Forgiven},{u.Claims},{u.Error},{u.Seconds:R},{string.Join(';', u.Results)}";
}
