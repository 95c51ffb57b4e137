using System.Text.Json;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>A sweep's plan as JSON, in the form that the journal has.</summary>
public static class PlanText
{
    /// <summary>A plan as text.</summary>
    public static string Write(SweepPlan plan) => JsonSerializer.Serialize(plan, EventJson.Default.SweepPlan);

    /// <summary>The plan that a text says.</summary>
    /// <exception cref="InvalidDataException">It says none.</exception>
    public static SweepPlan Read(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, EventJson.Default.SweepPlan)
                ?? throw new InvalidDataException("expected a plan, found null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"expected a plan as JSON: {e.Message}", e);
        }
    }
}
