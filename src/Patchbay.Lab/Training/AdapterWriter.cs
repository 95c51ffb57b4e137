using System.Text.Json;
using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>Writes a LoRA training as a PEFT adapter's folder.</summary>
public static class AdapterWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes adapter_config.json and adapter_model.safetensors.</summary>
    /// <param name="folder">Made where it is not there.</param>
    /// <param name="lora">The training.</param>
    /// <param name="basePath">Where the base is, as the configuration is to name it: relative to
    /// <paramref name="folder"/>.</param>
    /// <param name="dtype">Dtype to store in.</param>
    public static void Write(string folder, LoraTraining lora, string basePath, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), [.. lora.Modules.SelectMany(m => new[]
        {
            m.A.to(dtype).ToWrite($"base_model.model.{m.Module}.lora_A.weight"), m.B.to(dtype).ToWrite($"base_model.model.{m.Module}.lora_B.weight"),
        })]);
        var json = JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["base_model_name_or_path"] = basePath,
            ["r"] = lora.Rank,
            ["lora_alpha"] = lora.Alpha,
            ["lora_dropout"] = 0.0,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["modules_to_save"] = null,
            ["target_modules"] = lora.Targets.Order(StringComparer.Ordinal).ToArray(),
        }, Indented);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), json + "\n");
    }
}
