using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Patchbay.Report;

/// <summary>JSON as reports have it: indented, a row of numbers to a line, a number that is not finite null.</summary>
internal static class JsonText
{
    /// <summary>A document whose one object <paramref name="content"/> fills.</summary>
    public static string Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    /// <summary>A matrix, a row to a line.</summary>
    public static void WriteRows(Utf8JsonWriter json, string name, double[,] rows)
    {
        json.WriteStartArray(name);
        for (var layer = 0; layer < rows.GetLength(0); layer++)
        {
            var numbers = Enumerable.Range(0, rows.GetLength(1)).Select(head => Number(rows[layer, head]));
            json.WriteRawValue($"[{string.Join(", ", numbers)}]");
        }
        json.WriteEndArray();
    }

    /// <summary>Heads as [layer, head], on one line.</summary>
    public static void WriteHeads(Utf8JsonWriter json, string name, IEnumerable<Head> heads)
    {
        json.WritePropertyName(name);
        json.WriteRawValue($"[{string.Join(", ", heads.Select(h => $"[{h.Layer}, {h.Index}]"))}]");
    }

    /// <summary>A number, or null where it is not finite.</summary>
    public static void WriteNumber(Utf8JsonWriter json, string name, double value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(Number(value));
    }

    /// <summary>A model, and its accuracy where it was asked.</summary>
    public static void WriteModel(Utf8JsonWriter json, SweepState state, PlannedModel model)
    {
        json.WriteString("name", model.Name);
        json.WriteString("fingerprint", model.Fingerprint);
        json.WriteNumber("layers", model.Layers);
        json.WriteNumber("heads", model.Heads);
        if (SweepResults.Accuracy(state, model.Name) is { } accuracy) WriteProportion(json, "accuracy", accuracy);
    }

    /// <summary>A counted share with its 95 % interval.</summary>
    public static void WriteProportion(Utf8JsonWriter json, string name, Proportion proportion)
    {
        json.WriteStartObject(name);
        json.WriteNumber("right", proportion.Right);
        json.WriteNumber("count", proportion.Count);
        WriteNumber(json, "share", proportion.Share);
        WriteNumber(json, "low", proportion.Interval.Low);
        WriteNumber(json, "high", proportion.Interval.High);
        json.WriteEndObject();
    }

    private static string Number(double value) => double.IsFinite(value)
        ? value.ToString("R", CultureInfo.InvariantCulture) : "null";
}
