using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Journal;

/// <summary>States as bytes: the plan as JSON, then stage by stage and unit by unit in order, so that equal states give
/// equal bytes; at the end SHA-256 over the sweep, the sequence number and all that.</summary>
internal static class SnapshotCodec
{
    /// <summary>Name of the form. Another form gets another name, and older programs pass over it.</summary>
    public const string Manifest = "sweep-state/3";

    /// <summary>Forms of older versions: passed over, and no fault of the journal.</summary>
    public static bool IsOlder(string manifest) => manifest is "sweep-state/1" or "sweep-state/2";

    /// <summary>The bytes of a state.</summary>
    public static byte[] Encode(string persistenceId, long sequence, SweepState state)
    {
        using var stream = new MemoryStream();
        using (var writer = new SnapshotWriter(stream)) Write(writer, state);
        stream.Write(Hash(persistenceId, sequence, stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        return stream.ToArray();
    }

    /// <summary>The state of a stored snapshot, or null where it is damaged, moved, or of an unknown form.</summary>
    public static SweepState? TryDecode(string persistenceId, StoredSnapshot stored)
    {
        if (stored.Manifest != Manifest || stored.Bytes.Length < SHA256.HashSizeInBytes) return null;
        var length = stored.Bytes.Length - SHA256.HashSizeInBytes;
        var hash = Hash(persistenceId, stored.Sequence, stored.Bytes.AsSpan(0, length));
        if (!stored.Bytes.AsSpan(length).SequenceEqual(hash)) return null;
        try
        {
            using var reader = new SnapshotReader(new MemoryStream(stored.Bytes, 0, length));
            return Read(reader);
        }
        catch (Exception e)
            when (e is IOException or InvalidDataException or JsonException or FormatException or ArgumentException
                or KeyNotFoundException)
        {
            return null; // the hash holds, so another program wrote something else under this name
        }
    }

    private static void Write(SnapshotWriter writer, SweepState state)
    {
        writer.Write((byte)state.Status);
        writer.WriteText(state.Code);
        writer.WriteText(state.Plan is null ? null : JsonSerializer.Serialize(state.Plan, EventJson.Default.SweepPlan));
        foreach (var stage in state.InOrder)
        {
            writer.Write((byte)stage.Status);
            writer.WriteText(stage.Inputs?.Text);
            writer.Write7BitEncodedInt(stage.Completed);
            writer.Write7BitEncodedInt(stage.SetAside);
            writer.Write7BitEncodedInt(stage.Order.Length);
            foreach (var id in stage.Order)
            {
                writer.Write(id);
                Write(writer, stage.Units[id]);
            }
        }
    }

    private static void Write(SnapshotWriter writer, UnitState unit)
    {
        writer.Write((byte)unit.Status);
        writer.Write7BitEncodedInt(unit.Failures);
        writer.Write7BitEncodedInt(unit.Forgiven);
        writer.WriteText(unit.Error);
        writer.Write7BitEncodedInt(unit.Claims);
        writer.Write(unit.Seconds);
        writer.Write7BitEncodedInt(unit.Results.Length);
        foreach (var result in unit.Results)
        {
            writer.WriteText(result.Item);
            writer.Write(result.Score);
            writer.Write(result.Error);
            writer.Write7BitEncodedInt(result.Samples);
            writer.WriteText(result.Head?.ToString());
            writer.WriteText(result.Position);
            writer.WriteText(result.Detail is { } detail ? JsonSerializer.Serialize(detail,
                EventJson.Default.ResultDetail) : null);
        }
    }

    private static SweepState Read(SnapshotReader reader)
    {
        var status = (SweepStatus)reader.ReadByte();
        var code = reader.ReadText();
        if (reader.ReadText() is not { } json) return SweepState.None;
        var plan = JsonSerializer.Deserialize(json, EventJson.Default.SweepPlan)!;
        var stages = ImmutableDictionary.CreateBuilder<string, StageState>(StringComparer.Ordinal);
        foreach (var stage in plan.Stages) stages.Add(stage.Id, ReadStage(reader, stage));
        return new(status, plan, code, stages.ToImmutable());
    }

    private static StageState ReadStage(SnapshotReader reader, Stage stage)
    {
        var status = (StageStatus)reader.ReadByte();
        var inputs = reader.ReadText();
        var completed = reader.Read7BitEncodedInt();
        var setAside = reader.Read7BitEncodedInt();
        var order = new string[reader.Read7BitEncodedInt()];
        var units = ImmutableDictionary.CreateBuilder<string, UnitState>(StringComparer.Ordinal);
        for (var i = 0; i < order.Length; i++) units.Add(order[i] = reader.ReadString(), ReadUnit(reader));
        return new(stage, status, inputs is null ? null : new(inputs),
            ImmutableCollectionsMarshal.AsImmutableArray(order), units.ToImmutable(),
            completed, setAside)
        {
            Measured = units.Values.Sum(unit => unit.Status == UnitStatus.Completed ? unit.Results.Length : 0),
            Seconds = units.Values.Sum(unit => unit.Status == UnitStatus.Completed ? unit.Seconds : 0),
        };
    }

    private static UnitState ReadUnit(SnapshotReader reader)
    {
        var status = (UnitStatus)reader.ReadByte();
        var failures = reader.Read7BitEncodedInt();
        var forgiven = reader.Read7BitEncodedInt();
        var error = reader.ReadText();
        var claims = reader.Read7BitEncodedInt();
        var seconds = reader.ReadDouble();
        var results = new InterventionResult[reader.Read7BitEncodedInt()];
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = new(reader.ReadText()!, reader.ReadDouble(), reader.ReadDouble(), reader.Read7BitEncodedInt())
            {
                Head = reader.ReadHead(),
                Position = reader.ReadText(),
                Detail = reader.ReadText() is { } detail
                    ? JsonSerializer.Deserialize(detail, EventJson.Default.ResultDetail) : null,
            };
        }
        return new(status, ImmutableCollectionsMarshal.AsImmutableArray(results), failures, forgiven, error, claims,
            seconds);
    }

    private static byte[] Hash(string persistenceId, long sequence, ReadOnlySpan<byte> content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{persistenceId}\n{sequence}\n"));
        hash.AppendData(content);
        return hash.GetHashAndReset();
    }

    /// <summary>Writes a text that recurs, such as the name of a head, once, and its number from then on. 0 stands for
    /// null.</summary>
    private sealed class SnapshotWriter(Stream stream) : BinaryWriter(stream, Encoding.UTF8, leaveOpen: true)
    {
        private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);

        public void WriteText(string? text)
        {
            if (text is null)
            {
                Write7BitEncodedInt(0);
                return;
            }
            ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(numbers, text, out var known);
            if (!known) number = numbers.Count;
            Write7BitEncodedInt(number);
            if (!known) Write(text);
        }
    }

    private sealed class SnapshotReader(Stream stream) : BinaryReader(stream, Encoding.UTF8)
    {
        private readonly List<string> texts = [];
        private readonly Dictionary<string, Head> heads = new(StringComparer.Ordinal);

        public string? ReadText()
        {
            var number = Read7BitEncodedInt();
            if (number == 0) return null;
            if (number == texts.Count + 1) texts.Add(ReadString());
            return texts[number - 1];
        }

        public Head? ReadHead()
        {
            if (ReadText() is not { } text) return null;
            if (!heads.TryGetValue(text, out var head)) heads[text] = head = Head.Parse(text);
            return head;
        }
    }
}
