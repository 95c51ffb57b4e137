using System.Diagnostics;

namespace Patchbay.EndToEnd.Tests;

/// <summary>Machines that are network namespaces of this one, joined by a bridge that this one is on too: their links
/// can be cut, slowed, and lose packets. Needs root, iproute2 and nftables.</summary>
internal sealed class Network : IDisposable
{
    private readonly string name = $"pb{Environment.ProcessId}"[..Math.Min(9, $"pb{Environment.ProcessId}".Length)];
    private readonly int machines;
    private readonly string subnet = $"10.77.{Environment.ProcessId % 250}";

    /// <summary>Makes so many, numbered from 1.</summary>
    public Network(int machines)
    {
        this.machines = machines;
        Shell($"ip link add {name} type bridge && ip addr add {Host}/24 dev {name} && ip link set {name} up");
        for (var i = 1; i <= machines; i++)
            Shell($"ip netns add {name}-{i} && ip link add {name}-{i} type veth peer name eth0 netns {name}-{i} && "
                + $"ip link set {name}-{i} master {name} && ip link set {name}-{i} up && "
                + $"ip -n {name}-{i} addr add {Address(i)}/24 dev eth0 && ip -n {name}-{i} link set eth0 up && "
                + $"ip -n {name}-{i} link set lo up");
    }

    /// <summary>What is missing for it, or null.</summary>
    public static string? Missing { get; } = Environment.UserName != "root" ? "network namespaces take root"
        : Found("ip") && Found("nft") && Found("tc") ? null : "needs iproute2 and nftables (Debian's packages)";

    /// <summary>The address of this machine on the bridge.</summary>
    public string Host => $"{subnet}.254";

    /// <summary>The address of a machine.</summary>
    public string Address(int machine) => $"{subnet}.{machine}";

    /// <summary>What runs a command on a machine.</summary>
    public string[] On(int machine) => ["ip", "netns", "exec", $"{name}-{machine}"];

    /// <summary>Cuts its link, in both directions.</summary>
    public void Cut(int machine) => Shell($"ip link set {name}-{machine} down");

    /// <summary>Drops what it sends; what others send arrives.</summary>
    public void Mute(int machine) => Filter(machine, "output", "drop");

    /// <summary>Drops what goes to and comes from other machines; this one, and so the database, is reached.</summary>
    public void Part(int machine, params int[] others)
    {
        var them = string.Join(", ", others.Select(Address));
        Filter(machine, "output", $"ip daddr {{ {them} }} drop");
        Filter(machine, "input", $"ip saddr {{ {them} }} drop");
    }

    /// <summary>Loses every tenth packet that comes, by chance.</summary>
    public void Lose(int machine) => Filter(machine, "input", "numgen random mod 10 == 0 drop");

    /// <summary>Lets 1 Mbit/s through, of what it sends.</summary>
    public void Slow(int machine) => Shell(
        $"tc -n {name}-{machine} qdisc add dev eth0 root tbf rate 1mbit burst 32kbit latency 400ms");

    /// <summary>All links are as they were.</summary>
    public void Heal()
    {
        for (var i = 1; i <= machines; i++)
            Shell($"ip link set {name}-{i} up; ip netns exec {name}-{i} nft flush ruleset; "
                + $"tc -n {name}-{i} qdisc del dev eth0 root 2> /dev/null || true");
    }

    public void Dispose()
    {
        for (var i = 1; i <= machines; i++) Shell($"ip netns delete {name}-{i} || true");
        Shell($"ip link delete {name}");
    }

    private void Filter(int machine, string hook, string rule) => Shell($"ip netns exec {name}-{machine} nft '"
        + $"add table ip {hook}s; add chain ip {hook}s rules {{ type filter hook {hook} priority 0; }}; "
        + $"add rule ip {hook}s rules {rule}'");

    private static bool Found(string program) =>
        new[] { "/usr/sbin", "/sbin", "/usr/bin", "/bin" }.Any(f => File.Exists(Path.Combine(f, program)));

    private static void Shell(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", command])
        {
            RedirectStandardError = true
        })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{command}: {errors}");
    }
}
