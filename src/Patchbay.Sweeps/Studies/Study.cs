using YamlDotNet.RepresentationModel;

namespace Patchbay.Sweeps.Studies;

/// <summary>How a study wants units computed; what it leaves open is null, and chosen when a sweep is planned.</summary>
/// <param name="Dtype">"float32".</param>
/// <param name="Device">"cpu" or "cuda:N".</param>
/// <param name="Threads">Threads of one unit.</param>
/// <param name="MemoryBytes">Memory of one model.</param>
public sealed record StudyCompute(string Dtype, string Device, int? Threads, long? MemoryBytes);

/// <summary>A study: a YAML file that says which models, which task and which stages (docs/studies.md). One that is loaded has no mistakes.</summary>
/// <param name="Name">Its name; sweeps are called after it.</param>
/// <param name="Text">The whole file.</param>
/// <param name="Seed">Seed of everything drawn at random.</param>
/// <param name="Task">Which prompts; where they come from a file, its full path.</param>
/// <param name="Compute">How to compute.</param>
/// <param name="Attempts">How often a unit is tried.</param>
/// <param name="Models">Its models; all can be used.</param>
/// <param name="Stages">Its stages, of all models.</param>
public sealed record Study(string Name, string Text, ulong Seed, PlannedTask Task, StudyCompute Compute, int Attempts, IReadOnlyList<CatalogueModel> Models, IReadOnlyList<Stage> Stages)
{
    private static readonly string[] Dtypes = ["float32", "float16", "bfloat16", "float64"];

    /// <summary>Loads a study.</summary>
    /// <param name="path">The file.</param>
    /// <param name="catalogue">Models that it may name.</param>
    /// <param name="kinds">Stages that it may have.</param>
    /// <exception cref="StudyException">It has mistakes: all of them, each with its line.</exception>
    public static Study Load(string path, ModelCatalogue catalogue, IReadOnlyList<StageKind> kinds)
    {
        var (file, root) = YamlFile.Read(path);
        var study = root is null ? null : new StudyReader(file, root, catalogue, kinds).Read();
        file.Check();
        return study!;
    }

    /// <summary>Reads a study field by field.</summary>
    private sealed class StudyReader(YamlFile file, YamlMap root, ModelCatalogue catalogue, IReadOnlyList<StageKind> kinds)
    {
        private readonly string folder = Path.GetDirectoryName(Path.GetFullPath(file.Path))!;

        public Study Read()
        {
            var name = root.Text("name", required: true);
            if (name is not null && (name.Length is 0 or > 40 || name.Any(c => c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))))
                file.Add(root.Take("name")!, $"field 'name': expected at most 40 of a-z, 0-9 and -, found {YamlMap.Describe(root.Take("name")!)}");
            var models = Models();
            var task = Task();
            var seed = root.Number("seed", 0, long.MaxValue) ?? 20;
            var compute = Compute();
            var attempts = root.Number("attempts", 1, 20) ?? 3;
            var stages = Stages([.. models.Select(m => m.Name)]);
            root.Close();
            return new(name ?? "", file.Text, (ulong)seed, task, compute, (int)attempts, models, stages);
        }

        private List<CatalogueModel> Models()
        {
            var models = new List<CatalogueModel>();
            foreach (var entry in root.List("models", required: true))
            {
                var model = entry switch
                {
                    YamlScalarNode { Value: { } name } => Known(entry, name),
                    YamlMappingNode map => Own(new YamlMap(file, map, "models")),
                    _ => Nothing(entry),
                };
                if (model is null) continue;
                if (model.Problem is { } problem) file.Add(entry, $"model '{model.Name}' cannot be used: {problem}");
                if (models.Any(m => m.Name == model.Name)) file.Add(entry, $"model '{model.Name}' is named twice");
                else models.Add(model);
            }
            return models;
        }

        private CatalogueModel? Known(YamlNode entry, string name)
        {
            if (catalogue.Find(name) is { } model) return model;
            file.Add(entry, $"the catalogue has no model '{name}'{Nearest.Hint(name, catalogue.Models.Select(m => m.Name))}");
            return null;
        }

        private CatalogueModel? Nothing(YamlNode entry)
        {
            file.Add(entry, $"field 'models': expected a name of the catalogue, or fields name and path, found {YamlMap.Describe(entry)}");
            return null;
        }

        private CatalogueModel? Own(YamlMap entry)
        {
            var (name, path, adapter) = (entry.Text("name", required: true), entry.Text("path", required: true), entry.Text("adapter"));
            entry.Close();
            if (name is null || path is null) return null;
            if (name.Length == 0 || name.Contains('/')) file.Add(entry.Node, $"field 'models.name': expected a name without '/', found '{name}'");
            var (full, fullAdapter) = (Path.GetFullPath(Path.Combine(folder, path)), adapter is null ? null : Path.GetFullPath(Path.Combine(folder, adapter)));
            return new(name, name, null, full, fullAdapter, null, null, ModelCatalogue.Missing(full, []) ?? (fullAdapter is null ? null : ModelCatalogue.Missing(fullAdapter, ["adapter_config.json"])));
        }

        private PlannedTask Task()
        {
            if (root.Map("task", required: true) is not { } task) return new("entity-tracking", 1, 7);
            var prompts = (int)(task.Number("prompts", 1, 1_000_000, required: true) ?? 1);
            var kind = task.Choice("kind", "entity-tracking", "file") ?? (task.Take("file") is null ? "entity-tracking" : "file");
            var path = task.Text("file", required: kind == "file");
            var boxes = task.Number("boxes", 2, 10) ?? 7;
            var full = path is null ? null : Path.GetFullPath(Path.Combine(folder, path));
            if (full is not null && !File.Exists(full)) file.Add(task.LineOf("file"), $"field 'task.file': there is no file {full}");
            if (kind != "file" && path is not null) file.Add(task.LineOf("file"), "field 'task.file': prompts are either generated (kind: entity-tracking) or read from a file");
            task.Close();
            return new(kind, prompts, (int)boxes, full);
        }

        private StudyCompute Compute()
        {
            if (root.Map("compute") is not { } compute) return new("float32", "cpu", null, null);
            var dtype = compute.Choice("dtype", Dtypes) ?? "float32";
            var device = compute.Text("device") ?? "cpu";
            if (device != "cpu" && !(device.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(device.AsSpan(5), out var number) && number >= 0))
                file.Add(compute.LineOf("device"), $"field 'compute.device': expected cpu or cuda:N, found '{device}'");
            var threads = compute.Number("threads", 1, 1024);
            long? memory = null;
            if (compute.Text("memory") is { } size && (memory = Bytes(size)) is null)
                file.Add(compute.LineOf("memory"), $"field 'compute.memory': expected a size such as 4GiB or 800MiB, found '{size}'");
            compute.Close();
            return new(dtype, device, (int?)threads, memory);
        }

        private List<Stage> Stages(IReadOnlyList<string> models)
        {
            var stages = new List<Stage>();
            foreach (var entry in root.List("stages", required: true))
            {
                var (name, parameters) = entry switch
                {
                    YamlScalarNode { Value: { } only } => (only, null),
                    YamlMappingNode { Children.Count: 1 } map when map.Children[0].Key is YamlScalarNode { Value: { } key } => (key, map.Children[0].Value),
                    _ => ((string?)null, null),
                };
                if (name is null) file.Add(entry, $"field 'stages': expected 'KIND: {{fields}}', found {YamlMap.Describe(entry)}");
                else if (kinds.FirstOrDefault(k => k.Name == name) is not { } kind) file.Add(entry, $"there is no stage '{name}'{Nearest.Hint(name, kinds.Select(k => k.Name))}");
                else if (parameters is not (null or YamlMappingNode or YamlScalarNode { Value: null or "" })) file.Add(entry, $"stage '{name}': expected fields, found {YamlMap.Describe(parameters)}");
                else Expand(stages, kind, new YamlMap(file, parameters as YamlMappingNode ?? new YamlMappingNode(), $"stages.{name}"), entry, models);
            }
            return stages;
        }

        private void Expand(List<Stage> stages, StageKind kind, YamlMap fields, YamlNode entry, IReadOnlyList<string> models)
        {
            var before = file.Mistakes.Count;
            var values = kind.Fields.ToDictionary(f => f.Name, f => Values(fields, f, models));
            fields.Close();
            if (file.Mistakes.Count > before) return;
            foreach (var stage in models.SelectMany(m => kind.Expand(m, values.ToDictionary(v => v.Key, v => v.Value.GetValueOrDefault(m) ?? v.Value[""]))))
            {
                if (stages.Any(s => s.Id == stage.Id)) file.Add(entry, $"stage '{kind.Name}' is there twice");
                else stages.Add(stage);
                if (file.Mistakes.Count > before) return;
            }
        }

        /// <summary>A parameter's value by model; "" is every other model's.</summary>
        private Dictionary<string, string> Values(YamlMap fields, StageField field, IReadOnlyList<string> models)
        {
            var values = new Dictionary<string, string> { [""] = field.Default };
            var node = fields.Take(field.Name);
            if (node is YamlMappingNode map)
            {
                foreach (var (key, value) in map.Children)
                {
                    var model = (key as YamlScalarNode)?.Value ?? "";
                    if (model != "default" && !models.Contains(model)) file.Add(key, $"field '{fields.Full(field.Name)}': the study has no model '{model}'{Nearest.Hint(model, [.. models, "default"])}");
                    values[model == "default" ? "" : model] = Checked(value, fields, field);
                }
            }
            else if (node is not null) values[""] = Checked(node, fields, field);
            return values;
        }

        private string Checked(YamlNode node, YamlMap fields, StageField field)
        {
            var text = node switch
            {
                YamlScalarNode s => s.Value ?? "",
                YamlSequenceNode list when list.Children.All(c => c is YamlScalarNode) => string.Join(',', list.Children.Select(c => ((YamlScalarNode)c).Value)),
                _ => null,
            };
            if (text is null || field.Check(text) is not null)
                file.Add(node, $"field '{fields.Full(field.Name)}': expected {field.Check(text ?? "\0") ?? "a value"}, found {(text is { Length: > 0 } ? $"'{text}'" : YamlMap.Describe(node))}");
            return text ?? "";
        }

        private static long? Bytes(string size)
        {
            foreach (var (unit, factor) in new[] { ("GiB", 1L << 30), ("MiB", 1L << 20) })
            {
                if (size.EndsWith(unit, StringComparison.Ordinal) && double.TryParse(size.AsSpan(0, size.Length - 3), System.Globalization.CultureInfo.InvariantCulture, out var number) && number is > 0 and < 1e6)
                    return (long)(number * factor);
            }
            return null;
        }
    }
}
