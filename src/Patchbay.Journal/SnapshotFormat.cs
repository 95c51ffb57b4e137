using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>States as bytes: a compact binary form, its version first, a SHA-256 of everything before it last.</summary>
internal static class SnapshotFormat
{
    /// <summary>Of this form; one that is not known is left aside and the events are read instead.</summary>
    public const string Manifest = "sweep-state/1";

    /// <summary>A state as bytes.</summary>
    public static byte[] Write(SweepState state)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write((int)state.Status);
            var plan = state.Plan is null ? [] : JsonSerializer.SerializeToUtf8Bytes(new SweepPlanned(state.Plan, state.Code ?? ""), EventJson.Default.SweepPlanned);
            writer.Write(plan.Length);
            writer.Write(plan);
            foreach (var stage in state.InOrder) WriteStage(writer, stage);
        }
        stream.Write(SHA256.HashData(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        return stream.ToArray();
    }

    /// <summary>A state from its bytes, or null where they are damaged.</summary>
    public static SweepState? Read(byte[] bytes)
    {
        if (bytes.Length < 40 || !SHA256.HashData(bytes.AsSpan(0, bytes.Length - 32)).AsSpan().SequenceEqual(bytes.AsSpan(bytes.Length - 32))) return null;
        using var reader = new BinaryReader(new MemoryStream(bytes, 0, bytes.Length - 32), Encoding.UTF8);
        var status = (SweepStatus)reader.ReadInt32();
        var plan = reader.ReadBytes(reader.ReadInt32());
        if (plan.Length == 0) return SweepState.None;
        var planned = JsonSerializer.Deserialize(plan, EventJson.Default.SweepPlanned)!;
        var stages = ImmutableDictionary.CreateBuilder<string, StageState>(StringComparer.Ordinal);
        foreach (var stage in planned.Plan.Stages) stages[stage.Id] = ReadStage(reader, stage);
        return new(status, planned.Plan, planned.Code, stages.ToImmutable());
    }

    private static void WriteStage(BinaryWriter writer, StageState stage)
    {
        writer.Write((int)stage.Status);
        WriteText(writer, stage.Inputs);
        writer.Write(stage.Completed);
        writer.Write(stage.SetAside);
        writer.Write(stage.Order.Length);
        foreach (var id in stage.Order)
        {
            var unit = stage.Units[id];
            writer.Write(UnitId.KeyOf(id));
            writer.Write((byte)unit.Status);
            writer.Write(unit.Failures);
            writer.Write(unit.Forgiven);
            WriteText(writer, unit.Error);
            writer.Write(unit.Claims);
            writer.Write(unit.Seconds);
            writer.Write(unit.Results.Length);
            foreach (var result in unit.Results)
            {
                writer.Write(result.Item);
                writer.Write(result.Score);
                writer.Write(result.Error);
                writer.Write(result.Samples);
            }
        }
    }

    private static StageState ReadStage(BinaryReader reader, Stage stage)
    {
        var (status, inputs, completed, setAside) = ((StageStatus)reader.ReadInt32(), ReadText(reader), reader.ReadInt32(), reader.ReadInt32());
        var order = new string[reader.ReadInt32()];
        var units = ImmutableDictionary.CreateBuilder<string, UnitState>(StringComparer.Ordinal);
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = UnitId.Of(stage.Id, reader.ReadString());
            units[order[i]] = ReadUnit(reader);
        }
        return new(stage, status, inputs, [.. order], units.ToImmutable(), completed, setAside);
    }

    private static UnitState ReadUnit(BinaryReader reader)
    {
        var (status, failures, forgiven, error) = ((UnitStatus)reader.ReadByte(), reader.ReadInt32(), reader.ReadInt32(), ReadText(reader));
        var (claims, seconds) = (reader.ReadInt32(), reader.ReadDouble());
        var results = ImmutableArray.CreateBuilder<InterventionResult>(reader.ReadInt32());
        for (var i = 0; i < results.Capacity; i++) results.Add(new(reader.ReadString(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadInt32()));
        return new(status, results.MoveToImmutable(), failures, forgiven, error, claims, seconds);
    }

    private static void WriteText(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null) writer.Write(text);
    }

    private static string? ReadText(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;
}
