using System.Text.RegularExpressions;
using Patchbay.Tasks;

namespace Patchbay.Sweeps.Studies;

/// <summary>Reads a study, the file's or, where one is given, a text that may become that file, and notes all its
/// mistakes.</summary>
internal sealed partial class StudyReader(string path, ModelCatalogue catalogue, IReadOnlyList<StageKind> kinds,
    IStudyInspector? inspector, MistakeList mistakes, string? written = null)
{
    private const int MostTags = 20;
    private static readonly string[] Known =
        ["name", "tags", "models", "task", "seed", "compute", "attempts", "stages"];
    private static readonly string[] TaskKinds = [StudyTask.EntityTracking, StudyTask.FromFile];
    private static readonly string[] Dtypes = ["float32", "float16", "bfloat16", "float64"];

    private readonly YamlValues values = new(mistakes);
    private readonly string home = Path.GetDirectoryName(Path.GetFullPath(path))!;

    /// <summary>The study, or null where a mistake was noted.</summary>
    public Study? Read()
    {
        var (text, root) = written is null ? YamlFile.Read(path, "study", mistakes)
            : (written, YamlFile.Of(written, "study", mistakes));
        if (root is null || YamlFields.Of(root, "", mistakes, "a study's fields (name, models, task, ...)",
            Known) is not { } fields)
            return null;
        var name = Name(fields);
        var tags = Tags(fields.Optional("tags"));
        var models = new StudyModelsReader(catalogue, home, mistakes).Read(fields);
        var before = mistakes.Count;
        var (task, prompts) = Task(fields);
        if (mistakes.Count > before) task = null;
        var seed = values.Whole(fields.Required("seed", "the seed of everything drawn at random"), "seed",
            WholeRange.Seeds);
        var compute = Compute(fields);
        var attempts = values.Whole(fields.Optional("attempts"), "attempts", new(1, 100)) ?? Study.DefaultAttempts;
        var facts = inspector is null ? null : new StudyFactsReader(inspector, mistakes)
            .Read(models.Usable, task, TaskAt(fields.Optional("task")), seed ?? 0, compute.Dtype);
        if (compute.MemoryBytes is { } memory && facts is not null) CheckMemory(fields, memory, facts);
        var stages = new StudyStagesReader(kinds, models.Names, prompts, facts, mistakes).Read(fields);
        return mistakes.Count > 0 ? null
            : new(name!, text, seed!.Value, task!, compute, (int)attempts, models.Models, stages)
            {
                Tags = tags,
                Notices = task!.File is null || facts is null ? []
                    : [.. facts.Models.Values.SelectMany(m => m.Prompts.Notices).Distinct()],
                DeviceLine = ComputeField(fields, "device")?.Line,
            };
    }

    private string? Name(YamlFields fields)
    {
        const string expected = "a name of small letters, digits and '-'";
        var node = fields.Required("name", expected);
        var name = values.Text(node, "name", expected);
        if (name is null || NameForm().IsMatch(name)) return name;
        mistakes.Add(node!, "name", $"expected {expected}, found {Refusal.Quote(name)}");
        return null;
    }

    private IReadOnlyList<string> Tags(YamlNode? node)
    {
        var tags = values.Texts(node, "tags", "names such as [paper, seed-2]") ?? [];
        if (tags.Count > MostTags)
            mistakes.Add(node!, "tags", $"expected at most {MostTags} tags, found {tags.Count}");
        foreach (var (i, tag) in tags.Index())
        {
            var (at, field) = node is YamlList list ? (list.Items[i], $"tags[{i}]") : (node!, "tags");
            if (!TagForm().IsMatch(tag)) mistakes.Add(at, field, "expected at most 40 letters, digits, '-', '_' and "
                + $"'.', found {Refusal.Quote(tag)}");
            else if (tags.Take(i).Contains(tag))
                mistakes.Add(at, field, $"expected every tag once, found '{tag}' again");
        }
        return tags;
    }

    private (StudyTask? Task, FilePrompts? Prompts) Task(YamlFields study)
    {
        var node = study.Required("task",
            "the prompts, {kind: entity-tracking, prompts: 300} or {file: prompts.jsonl, prompts: 100}");
        if (node is null) return default;
        var fields = YamlFields.Of(node, "task", mistakes, "the prompts' fields", ["kind", "boxes", "prompts", "file"]);
        if (fields is null) return default;
        var file = fields.Optional("file");
        var kind = file is not null && fields.Optional("kind") is null ? StudyTask.FromFile
            : values.Word(fields.Required("kind", "entity-tracking, or a file"), "task.kind", TaskKinds);
        var prompts = values.Whole(fields.Required("prompts", "the number of prompts"), "task.prompts",
            WholeRange.Prompts);
        var boxes = values.Whole(fields.Optional("boxes"), "task.boxes", WholeRange.Boxes);
        if (kind != StudyTask.FromFile)
        {
            if (file is not null && kind is not null)
                mistakes.Add(file, "task.file",
                    $"expected no file where prompts are generated (kind {kind}), found {file.Found}");
            return (new(kind ?? "", (int)(prompts ?? 0), (int)(boxes ?? Study.DefaultBoxes), null), null);
        }
        if (fields.Optional("boxes") is { } needless)
            mistakes.Add(needless, "task.boxes",
                $"expected no boxes where prompts come from a file, found {needless.Found}");
        var found = PromptFile(fields) is { } path ? Prompts(path, file!, (int)(prompts ?? 0)) : null;
        if (fields.Optional("prompts") is { } asked && found?.TooMany(prompts ?? 0) is { } most)
            mistakes.Add(asked, "task.prompts", $"expected {most}, found {asked.Found}");
        return (new(kind, (int)(prompts ?? 0), 0, found?.File) { FileName = (file as YamlText)?.Value }, found);
    }

    /// <summary>Where the task's file stands, or the task where it has none.</summary>
    private static (YamlNode? Node, string Field) TaskAt(YamlNode? task) =>
        (task as YamlMap)?.Pairs.FirstOrDefault(p => p.Key is YamlText { Value: "file" }).Value is { } file
            ? (file, "task.file") : (task, "task");

    private FilePrompts? Prompts(string path, YamlNode node, int asked)
    {
        var name = ((YamlText)node).Value;
        try
        {
            var count = PromptInput.CountOf(path, name);
            if (count > 0) return new(path, count, asked, PromptInput.PositionsOf(path));
            mistakes.Add(node, "task.file", $"expected at least one prompt, found none in {name}");
        }
        catch (Exception e) when (StudyFactsReader.IsOfFiles(e))
        {
            mistakes.Add(node, "task.file", e.Message.TrimEnd('.'));
        }
        return null;
    }

    private string? PromptFile(YamlFields task)
    {
        var node = task.Required("file", "the path of a prompt file");
        if (values.Text(node, "task.file", "the path of a prompt file") is not { } written) return null;
        var folder = ModelFolder.Of(written, home, catalogue.Setting);
        if (folder.FullPath is null)
            mistakes.Add(node!, "task.file",
                $"expected a path whose settings are set, found {folder.UnsetSetting}, which is not");
        else if (File.Exists(folder.FullPath)) return folder.FullPath;
        else
            mistakes.Add(node!, "task.file", $"expected a prompt file at {folder.FullPath}, found "
                + (Directory.Exists(folder.FullPath) ? "a folder" : "no such file"));
        return null;
    }

    private StudyCompute Compute(YamlFields study)
    {
        var node = study.Optional("compute");
        var fields = node is null ? null
            : YamlFields.Of(node, "compute", mistakes, "fields of compute",
                ["dtype", "device", "threads", "memory", "expect", "expect-seconds", "rotary"]);
        if (fields is null) return StudyCompute.Default;
        var compute = new StudyCompute(
            values.Word(fields.Optional("dtype"), "compute.dtype", Dtypes) ?? StudyCompute.Default.Dtype,
            Device(fields.Optional("device")) ?? StudyCompute.Default.Device,
            (int?)values.Whole(fields.Optional("threads"), "compute.threads", WholeRange.Threads),
            values.Memory(fields.Optional("memory"), "compute.memory"),
            (int?)values.Whole(fields.Optional("expect"), "compute.expect", StudyCompute.Nodes),
            (int?)values.Whole(fields.Optional("expect-seconds"), "compute.expect-seconds",
                StudyCompute.Seconds))
        { ExactRotary = values.Word(fields.Optional("rotary"), "compute.rotary", ["float32", "float64"]) == "float64" };
        if (compute is { ExactRotary: true, Dtype: not "float64" })
            mistakes.Add(fields.Optional("rotary")!, "compute.rotary", "expected float32, or float64 with dtype "
                + $"float64 alone, found float64 with {compute.Dtype}");
        return compute;
    }

    private void CheckMemory(YamlFields study, long bytes, StudyFacts facts)
    {
        static long Mebibytes(long of) => (of + (1 << 20) - 1) >> 20;
        var node = ComputeField(study, "memory")!;
        mistakes.Add(node, "compute.memory", facts.Models.Values.Where(m => m.Shape.LeastBytes > bytes).Select(m =>
            (m.Place.Name, $"expected at least {Mebibytes(m.Shape.LeastBytes)}MiB, which the process and the model's "
                + $"weights take, found {node.Found}")), facts.Models.Count);
    }

    private static YamlNode? ComputeField(YamlFields study, string name) => (study.Optional("compute") as YamlMap)?
        .Pairs.FirstOrDefault(p => p.Key is YamlText key && key.Value == name).Value;

    private string? Device(YamlNode? node)
    {
        const string expected = "cpu, cuda or cuda:N";
        if (values.Text(node, "compute.device", expected) is not { } device) return null;
        if (!DeviceForm().IsMatch(device))
            mistakes.Add(node!, "compute.device", $"expected {expected}, found {Refusal.Quote(device)}");
        return device;
    }

    [GeneratedRegex(@"^[a-z0-9-]+\z")]
    private static partial Regex NameForm();

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,40}\z")]
    private static partial Regex TagForm();

    [GeneratedRegex(@"^(cpu|cuda(:(0|[1-9][0-9]?))?)\z")]
    private static partial Regex DeviceForm();
}
