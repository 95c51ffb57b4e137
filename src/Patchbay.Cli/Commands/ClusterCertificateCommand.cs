using System.CommandLine;
using System.Globalization;
using Patchbay.Cluster.Membership;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm cluster certificate`: makes the one certificate that all nodes of a cluster show each other.</summary>
internal sealed class ClusterCertificateCommand : PbmCommand
{
    private readonly Option<string> file = new("--out")
    {
        Description = "Where to write certificate and key (PEM), for its owner alone; there must be none yet",
        HelpName = "FILE",
        Required = true,
    };

    public ClusterCertificateCommand() : base("certificate",
        "Make a certificate for a cluster: whoever has it is of the cluster",
        "pbm cluster certificate --out cluster.pem") => Add(file);

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var path = Path.GetFullPath(call.Get(file));
        if (File.Exists(path)) throw new InvalidDataException(
            $"--out: expected a file that is not there yet, found {path}: nodes that have it would no longer be of the "
            + "cluster");
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            throw new InvalidDataException($"--out: there is no folder {Path.GetDirectoryName(path)}");
        var until = ClusterCertificate.Write(path).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        call.WriteLine($"written: {path}, valid until {until}");
        call.WriteLine("copy it to every machine of the cluster and name it there with --certificate; keep it secret");
        call.WriteJson(new { Path = path, ValidUntil = until });
        return ExitCode.Ok;
    }
}
