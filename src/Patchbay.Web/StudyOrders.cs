using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Patchbay.Sweeps.Studies;
using Patchbay.Web.Sweeps;

namespace Patchbay.Web;

/// <summary>What became of a study that was sent: a sweep of it, or the form again with what is to be said.</summary>
/// <param name="Sweep">Id of the sweep, or null.</param>
/// <param name="Draft">The form, or null.</param>
public sealed record StudyOutcome(string? Sweep, StudyDraft? Draft);

/// <summary>A study that was sent, to be run or only checked.</summary>
/// <param name="id">Its own.</param>
/// <param name="isRun">Whether it is to be run.</param>
/// <param name="givenUp">Is cancelled where it is given up.</param>
public sealed class StudyOrder(string id, bool isRun, CancellationTokenSource givenUp)
{
    private readonly long began = Stopwatch.GetTimestamp();

    /// <summary>Its own id.</summary>
    public string Id => id;

    /// <summary>Whether it is to be run; else it is only checked.</summary>
    public bool IsRun => isRun;

    /// <summary>How long ago it was sent.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(began);

    /// <summary>Its models, once it is known that it has no mistakes.</summary>
    public IReadOnlyList<string> Models { get; set; } = [];

    /// <summary>What is being read.</summary>
    public ReadingFile? Reading { get; set; }

    /// <summary>Cancelled where it is not to begin any more.</summary>
    public CancellationToken GivenUp => givenUp.Token;

    /// <summary>Ends with what became of it.</summary>
    public Task<StudyOutcome> Ended { get; set; } = null!;

    /// <summary>The form again, where it has led back to that.</summary>
    public StudyDraft? Draft => Ended.IsCompletedSuccessfully ? Ended.Result.Draft : null;

    /// <summary>Differs whenever its page would.</summary>
    public string Version =>
        $"{Ended.IsCompleted} {Models.Count} {Reading?.Model} {Reading?.File} {Reading?.Share:0.00}";

    /// <summary>It is not to begin; where it has begun, it goes on.</summary>
    public void GiveUp() => givenUp.Cancel();
}

/// <summary>Studies that were sent, lately at least. They are carried out whether anybody looks or not.</summary>
internal sealed class StudyOrders(StudyDesk desk, ClusterNode node, SweepBook book, CancellationToken stopping)
{
    private const int MostKept = 64;
    private readonly Lock alone = new();
    private readonly Dictionary<string, StudyOrder> orders = new(StringComparer.Ordinal);
    private Task<string> planned = Task.FromResult("");

    /// <summary>What it is carried out with.</summary>
    public StudyDesk Desk => desk;

    public StudyOrder? Find(string id)
    {
        lock (alone) return orders.GetValueOrDefault(id);
    }

    /// <summary>Takes a study; one that the same form sends a second time is the same.</summary>
    public StudyOrder Take(string text, bool isRun, string form)
    {
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{form}\n{isRun}\n{text}")))[..32];
        lock (alone)
        {
            if (orders.TryGetValue(id, out var known)) return known;
            foreach (var old in orders.Values.Where(o => o.Ended.IsCompleted).OrderByDescending(o => o.Age)
                .Take(orders.Count + 1 - MostKept).ToArray()) orders.Remove(old.Id);
            var order = new StudyOrder(id, isRun, new());
            order.Ended = Task.Run(() => CarryOutAsync(order, text));
            return orders[id] = order;
        }
    }

    private async Task<StudyOutcome> CarryOutAsync(StudyOrder order, string text)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, order.GivenUp);
        try
        {
            var study = desk.Check(text);
            if (!order.IsRun) return new(null, new(text) { Plan = StudyPlan.Of(study, book.All(out _)) });
            order.Models = [.. study.Models.Select(m => m.Name)];
            var plan = desk.Plan(study, reading => order.Reading = reading, end.Token);
            return new(await PlanAsync(plan, end.Token), null);
        }
        catch (StudyException e)
        {
            return new(null, new(text) { Mistakes = e.Mistakes });
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return new(null, new(text) { Refusal = $"It cannot be run: {e.Message.TrimEnd('.')}." });
        }
        catch (OperationCanceledException) when (order.GivenUp.IsCancellationRequested)
        {
            return new(null, new(text) { Note = "It was not begun." });
        }
        catch (OperationCanceledException)
        {
            return new(null, new(text) { Refusal = "It was not begun: the node ends." });
        }
    }

    // Sweeps get their names one after the other.
    private Task<string> PlanAsync(SweepPlan plan, CancellationToken cancel)
    {
        lock (alone) return planned = AfterAsync(planned);

        async Task<string> AfterAsync(Task before)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
            cancel.ThrowIfCancellationRequested();
            return await node.PlanAsync(plan);
        }
    }
}
