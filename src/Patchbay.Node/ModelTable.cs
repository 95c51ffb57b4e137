namespace Patchbay.Node;

/// <summary>A model actor as its coordinator sees it.</summary>
/// <param name="Model">Which.</param>
/// <param name="State">"cold", "loading", "loaded" or "unloading".</param>
/// <param name="Units">Units handed to it.</param>
/// <param name="Error">Why it could not be loaded last, or null.</param>
public sealed record ModelStatus(ModelKey Model, string State, int Units, string? Error);

/// <summary>
/// Which models are loaded, and which must go when memory runs short: the one that was used longest ago, of those that
/// have nothing to do. What memory a model may take is fixed by its sweep's plan, so no model is asked how much it
/// uses.
/// </summary>
internal sealed class ModelTable(CoordinatorLimits limits, Action<ModelKey, ModelMessage> send)
{
    private readonly Dictionary<ModelKey, Entry> entries = [];

    public IReadOnlyList<ModelStatus> Statuses(IEnumerable<ModelKey> flights)
    {
        var units = flights.CountBy(m => m).ToDictionary();
        return [.. entries.Select(e => new ModelStatus(e.Key, e.Value.State.ToString().ToLowerInvariant(),
            units.GetValueOrDefault(e.Key),
            e.Value.Error))];
    }

    public void Loaded(ModelKey model) => (Of(model).State, Of(model).Error, Of(model).Asked) = (Residence.Loaded, null,
        false);

    /// <summary>A model is gone; where units wait for it, it will be loaded <paramref name="again"/>.</summary>
    public void Unloaded(ModelKey model, string? error, bool again) =>
        (Of(model).State, Of(model).Error, Of(model).Asked) = (again ? Residence.Loading : Residence.Cold, error,
            false);

    public void Used(ModelKey model, NodeTime now)
    {
        Of(model).Used = now.Elapsed;
        if (Of(model).State is Residence.Cold or Residence.Unloading) Of(model).State = Residence.Loading;
    }

    public void Succeeded(ModelKey model) => Of(model).Failures = 0;

    /// <summary>A model whose unit failed rests before it gets another: half a second, doubled each time, at most half
    /// a minute.</summary>
    public void Failed(ModelKey model, NodeTime now)
    {
        var entry = Of(model);
        entry.NotBefore = now.Elapsed
            + TimeSpan.FromSeconds(Math.Min(30, 0.5 * Math.Pow(2, Math.Min(entry.Failures++, 8))));
    }

    public bool Rested(ModelKey model, NodeTime now) => now.Elapsed >= Of(model).NotBefore;

    /// <summary>Mends the books where an answer was lost: a model that should be loading and has nothing to do is taken
    /// as cold; one that was told to go is told again.</summary>
    public void Rest(Func<ModelKey, bool> busy, NodeTime now)
    {
        foreach (var (model, entry) in entries)
        {
            if (entry.State == Residence.Loading && !entry.Asked && !busy(model)) entry.State = Residence.Cold;
            if (entry.State == Residence.Unloading && now.Elapsed - entry.Used > Coordinator.SilenceLimit) Dismiss(
                model, entry, now);
        }
    }

    public void Ask(ModelKey model, ModelMessage message)
    {
        var entry = Of(model);
        if (message is LoadModel && entry.State != Residence.Loaded) (entry.State, entry.Asked) = (Residence.Loading,
            true);
        send(model, message);
    }

    /// <summary>Whether a model may be given a unit: it is loaded, or there is room. Where there is not, the idle model
    /// used longest ago is told to go, unless it is busy.</summary>
    public bool Admit(ModelKey model, NodeTime now, Func<ModelKey, bool> busy)
    {
        var entry = Of(model);
        if (entry.State is Residence.Loaded or Residence.Loading) return true;
        var others = entries.Where(e => e.Key != model && e.Value.State != Residence.Cold).ToArray();
        if (others.Length == 0 || others.Sum(e => e.Key.MemoryBytes) + model.MemoryBytes <= limits.MemoryBytes)
        {
            (entry.State, entry.Used) = (Residence.Loading, now.Elapsed);
            return true;
        }
        var idle = others.Where(e => e.Value.State == Residence.Loaded && !busy(e.Key)).OrderBy(e => e.Value.Used)
            .FirstOrDefault();
        if (idle.Value is not null) Dismiss(idle.Key, idle.Value, now);
        return false;
    }

    private void Dismiss(ModelKey model, Entry entry, NodeTime now)
    {
        (entry.State, entry.Used) = (Residence.Unloading, now.Elapsed);
        send(model, new UnloadModel());
    }

    private Entry Of(ModelKey model)
    {
        if (!entries.TryGetValue(model, out var entry)) entries[model] = entry = new Entry();
        return entry;
    }

    private enum Residence
    {
        Cold,
        Loading,
        Loaded,
        Unloading,
    }

    private sealed class Entry
    {
        public Residence State { get; set; }
        public TimeSpan Used { get; set; }
        public TimeSpan NotBefore { get; set; }
        public int Failures { get; set; }
        public bool Asked { get; set; }
        public string? Error { get; set; }
    }
}
