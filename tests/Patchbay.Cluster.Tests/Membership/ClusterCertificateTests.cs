using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Patchbay.Cluster.Membership;

namespace Patchbay.Cluster.Tests.Membership;

/// <summary>The cluster's certificate: a file of its owner's, and nothing but it is taken.</summary>
[SupportedOSPlatform("linux")]
public sealed class ClusterCertificateTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string File => folder.PathOf("cluster.pem");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void It_is_written_for_its_owner_alone_and_read_again()
    {
        var until = ClusterCertificate.Write(File);
        Assert.InRange(until, DateTimeOffset.UtcNow.AddDays(800), DateTimeOffset.UtcNow.AddDays(830));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        using var certificate = ClusterCertificate.Read(File);
        Assert.True(certificate.Certificate.HasPrivateKey && certificate.IsOwn(certificate.Certificate));
        Assert.Throws<IOException>(() => ClusterCertificate.Write(File)); // one that is there is not written over
    }

    [Fact]
    public void Another_is_not_it()
    {
        ClusterCertificate.Write(File);
        ClusterCertificate.Write(folder.PathOf("other.pem"));
        using var one = ClusterCertificate.Read(File);
        using var other = ClusterCertificate.Read(folder.PathOf("other.pem"));
        Assert.False(one.IsOwn(other.Certificate) || one.IsOwn(null));
    }

    [Fact]
    public void What_cannot_be_used_is_refused_in_a_sentence()
    {
        Refused("there is no file");
        System.IO.File.WriteAllText(File, "no certificate");
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead);
        Refused("holds no certificate with its private key");
        System.IO.File.Delete(File);
        ClusterCertificate.Write(File);
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Refused($"chmod 600 {File}");
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.GroupRead); // as Kubernetes mounts it
        ClusterCertificate.Read(File).Dispose();
        System.IO.File.Delete(File);
        WriteExpired();
        Refused("is valid from 2020-01-01 to 2020-02-01");
    }

    private void Refused(string sentence) => Assert.Contains(sentence,
        Assert.Throws<InvalidDataException>(() => ClusterCertificate.Read(File)).Message, StringComparison.Ordinal);

    private void WriteExpired()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=old", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(new(2020, 1, 1, 12, 0, 0, TimeSpan.Zero), new(2020, 2, 1, 12, 0, 0, TimeSpan.Zero));
        System.IO.File.WriteAllText(File, made.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead);
    }
}
