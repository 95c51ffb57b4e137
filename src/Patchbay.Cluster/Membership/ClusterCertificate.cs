using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Remote.Transport.DotNetty;
using Patchbay.Tasks;

namespace Patchbay.Cluster.Membership;

/// <summary>
/// The one certificate of a cluster: every node and every operator's command shows it, and trusts none but it, for the
/// actor system's connections and for the API's. It is signed by itself; who has its file is of the cluster.
/// </summary>
public sealed class ClusterCertificate : IDisposable
{
    private static readonly TimeSpan Lasts = TimeSpan.FromDays(825);

    private ClusterCertificate(X509Certificate2 certificate) => Certificate = certificate;

    /// <summary>The certificate with its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Writes a new one into a file that only its owner can read: certificate and key, as PEM.</summary>
    /// <param name="path">The file; there must be none yet.</param>
    /// <returns>When it expires.</returns>
    /// <exception cref="IOException">There is such a file, or it cannot be written.</exception>
    public static DateTimeOffset Write(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=patchbay cluster", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], critical: false)); // server and client
        var now = DateTimeOffset.UtcNow;
        using var made = request.CreateSelfSigned(now.AddHours(-1), now + Lasts);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        using var writer = new StreamWriter(file);
        writer.WriteLine(made.ExportCertificatePem());
        writer.WriteLine(key.ExportPkcs8PrivateKeyPem());
        return made.NotAfter;
    }

    /// <summary>Reads one.</summary>
    /// <param name="path">A file of <see cref="Write"/>, or of PEM with one certificate and its key.</param>
    /// <exception cref="InvalidDataException">It holds none, others can read it, or its time is over; the message names
    /// the file.</exception>
    public static ClusterCertificate Read(string path)
    {
        if (!File.Exists(path)) throw new InvalidDataException($"the cluster's certificate is missing: there is no "
            + $"file {path} ('pbm cluster certificate --out FILE' makes one)");
        InputFile.Require(path, 1 << 20);
        const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0) throw new InvalidDataException(
            $"{path} holds the cluster's private key and can be read or written by others: chmod 600 {path}");
        X509Certificate2 certificate;
        try
        {
            using var read = X509Certificate2.CreateFromPemFile(path);
            // Through PKCS #12: TLS does not take a key that only lives with its PEM.
            certificate = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException($"{path} holds no certificate with its private key in PEM", e);
        }
        if (certificate.NotAfter < DateTime.Now || certificate.NotBefore > DateTime.Now)
            throw new InvalidDataException(
                $"the certificate in {path} is valid from {certificate.NotBefore:yyyy-MM-dd} to "
                + $"{certificate.NotAfter:yyyy-MM-dd}, and today is {DateTime.Now:yyyy-MM-dd}: make another with "
                + "'pbm cluster certificate --out FILE' and give it to every node");
        return new(certificate);
    }

    /// <summary>Whether a peer shows the cluster's own certificate, in its time.</summary>
    public bool IsOwn(X509Certificate? shown) => shown is X509Certificate2 other
        && CryptographicOperations.FixedTimeEquals(other.RawDataMemory.Span, Certificate.RawDataMemory.Span)
        && DateTime.Now >= other.NotBefore && DateTime.Now <= other.NotAfter;

    /// <summary>For Akka.Remote: both sides must show it, and nothing else is asked of them.</summary>
    internal DotNettySslSetup ForRemote() => new(Certificate, suppressValidation: false,
        requireMutualAuthentication: true, validateCertificateHostname: false,
        customValidator: (certificate, _, _, _, _) => IsOwn(certificate));

    /// <summary>For clients of the API.</summary>
    public SslClientAuthenticationOptions ForClient() => new()
    {
        ClientCertificates = [Certificate],
        LocalCertificateSelectionCallback = (_, _, _, _, _) => Certificate,
        RemoteCertificateValidationCallback = (_, shown, _, _) => IsOwn(shown),
    };

    /// <inheritdoc/>
    public void Dispose() => Certificate.Dispose();
}
