using System.CommandLine;
using System.Xml.Linq;
using Patchbay.Cli.Results;
using Patchbay.Lab.Training;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm lab curve RUN...`: loss and accuracy over the steps of training runs.</summary>
internal sealed class LabCurveCommand : PbmCommand
{
    private readonly Argument<string[]> runs = new("RUN")
    {
        Description = "Folders of training runs, or their log files",
        Arity = ArgumentArity.OneOrMore
    };
    private readonly Option<string[]> show = new("--show")
    {
        Description = "Draw only this kind of answer or evaluation; may be given several times",
        HelpName = "NAME",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string?> to = new("--out") { Description = "Picture to write (.svg)", HelpName = "FILE" };

    public LabCurveCommand() : base("curve", "Draw loss by kind and accuracy over the steps of training runs",
        "pbm lab curve runs/tiny-base --out curve.svg", "pbm lab curve runs/tiny-goat runs/tiny-float --json",
        "pbm lab curve runs/one runs/two --show \"7 boxes\" --out compared.svg")
    {
        Add(runs);
        Add(show);
        Add(to);
    }

    public override ExitCode Run(Call call)
    {
        var path = call.Get(to);
        if (path is not null && !Path.GetExtension(path).Equals(".svg", StringComparison.OrdinalIgnoreCase))
            throw new InvalidDataException($"--out: '{path}' is not a .svg file");
        var curves = TrainingCurve.Named([.. call.Get(runs).Select(run => (run, TrainingLog.Read(LogOf(run))))]);
        string Write(string chart)
        {
            WriteChart(chart, curves, call.Get(show) ?? []);
            return chart;
        }
        call.WriteThenShow((path is null ? (string[])[] : [path]).Select(Write), _ =>
        {
            call.Draw(() => Table(curves));
            call.WriteJson(new
            {
                Runs = curves.Select(c => new
                {
                    Run = c.Name,
                    c.Steps,
                    c.Seconds,
                    c.Tokens,
                    Stages = c.Stages.Select(s => new { s.Name, Step = s.X }),
                    c.Loss,
                    c.Losses,
                    Scores = c.Scores?.ToDictionary(
                        s => s.Key, s => new { s.Value.Right, s.Value.Count, Accuracy = s.Value.Share }),
                }),
            });
        });
        return ExitCode.Ok;
    }

    /// <summary>Draws curves of loss and accuracy to a .svg file.</summary>
    public static void WriteChart(
        string path, IReadOnlyList<TrainingCurve> curves, params IReadOnlyList<string> shown) =>
        OutputFile.Write(path, SvgLineChart.Draw(TrainingCurve.Chart(curves, shown))
            .ToString(SaveOptions.DisableFormatting));

    /// <summary>The log of a run's folder, or the file itself.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    private static string LogOf(string run)
    {
        if (File.Exists(run)) return run;
        var log = Path.Combine(run, TrainingLog.FileName);
        return File.Exists(log) ? log
            : throw new FileNotFoundException($"{run} is no training run: there is no file {log}", log);
    }

    private static Table Table(IReadOnlyList<TrainingCurve> curves)
    {
        var table = BenchOutput.Table(["run", "steps", "time", "tokens", "stage", "loss", "last scores"]);
        foreach (var c in curves)
        {
            var scores = c.Scores?.Select(s => $"{s.Key} {s.Value.Share:0.00} ({s.Value.Right}/{s.Value.Count})") ?? [];
            string[] cells =
            [
                c.Name, $"{c.Steps:N0}", Duration(c.Seconds), $"{c.Tokens:N0}",
                c.Stages is [.., var stage] ? stage.Name : "", $"{c.Loss:0.000}", string.Join('\n', scores),
            ];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }
        return table;
    }

    private static string Duration(double seconds) => TimeSpan.FromSeconds(seconds) is var time && time.TotalHours >= 1
        ? $"{(int)time.TotalHours} h {time.Minutes:00} min"
        : time.TotalMinutes >= 1 ? $"{time.Minutes} min {time.Seconds:00} s" : $"{seconds:0.#} s";
}
