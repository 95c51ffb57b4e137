using k8s.Models;

namespace Patchbay.Pure.Tests.Kubernetes;

/// <summary>The manifests of k8s/, as Kubernetes would get them. No cluster has seen them: what a server would refuse
/// or a node could not live with is looked for here.</summary>
public sealed class ManifestTests
{
    private const string Base = "base", Single = "overlays/single", FourGpus = "overlays/four-gpus";

    private static readonly string Readme = File.ReadAllText(Repository.PathOf("k8s", "README.md"));

    public static TheoryData<string> All => [Base, Single, FourGpus];

    [KubectlTheory, MemberData(nameof(All))]
    public void Every_document_is_of_a_known_kind_and_has_known_fields_only(string folder)
    {
        var it = Installation.Of(folder);
        Assert.Equal(it.Text.Split('\n').Count(line => line.StartsWith("kind: ", StringComparison.Ordinal)),
            it.Objects.Count);
        Assert.Equal(["V1ConfigMap", "V1ConfigMap", "V1NetworkPolicy", "V1PersistentVolumeClaim",
            "V1PodDisruptionBudget", "V1Service", "V1StatefulSet"], it.Objects.Select(o => o.GetType().Name).Order());
        Assert.All(it.Objects.Cast<k8s.IKubernetesObject<V1ObjectMeta>>(), o =>
            Assert.Equal("patchbay", o.Metadata.NamespaceProperty));
    }

    [KubectlTheory]
    [InlineData("replicas:", "replica:", "replica")]
    [InlineData("readOnlyRootFilesystem", "readOnlyRootFileSystem", "readOnlyRootFileSystem")]
    [InlineData("httpGet", "httpget", "httpget")]
    [InlineData("publishNotReadyAddresses", "publishNotreadyAddresses", "publishNotreadyAddresses")]
    [InlineData("maxUnavailable", "maxUnavailible", "maxUnavailible")]
    [InlineData("policyTypes", "policyType", "policyType")]
    [InlineData("accessModes", "accessMode", "accessMode")]
    [InlineData("\ndata:", "\ndatas:", "datas")]
    [InlineData("kind: PodDisruptionBudget", "kind: DisruptionBudget", "policy/v1/DisruptionBudget")]
    [InlineData("apiVersion: policy/v1", "apiVersion: policy/v9", "policy/v9/PodDisruptionBudget")]
    public void What_is_misspelt_is_refused_by_its_name(string right, string wrong, string name)
    {
        var text = Installation.Of(FourGpus).Text;
        Assert.Contains(right, text, StringComparison.Ordinal);
        var e = Assert.ThrowsAny<Exception>(() =>
            Installation.Read(text.Replace(right, wrong, StringComparison.Ordinal)));
        Assert.Contains($"'{name}'", e.Message, StringComparison.Ordinal);
    }

    [KubectlTheory, MemberData(nameof(All))]
    public void No_container_is_root_or_can_become_it_or_change_its_image(string folder)
    {
        var it = Installation.Of(folder);
        Assert.Null(it.Pod.InitContainers);
        Assert.True(it.Pod.SecurityContext.RunAsNonRoot);
        Assert.True(it.Pod.SecurityContext.RunAsUser > 0);
        Assert.True(it.Pod.SecurityContext.RunAsGroup > 0);
        Assert.Equal("RuntimeDefault", it.Pod.SecurityContext.SeccompProfile.Type);
        Assert.False(it.Pod.AutomountServiceAccountToken);
        Assert.NotEqual(true, it.Pod.HostNetwork);
        var own = it.Node.SecurityContext;
        Assert.True(own.ReadOnlyRootFilesystem);
        Assert.False(own.AllowPrivilegeEscalation);
        Assert.NotEqual(true, own.Privileged);
        Assert.Null(own.RunAsUser);
        Assert.Equal(["ALL"], own.Capabilities.Drop);
        Assert.Null(own.Capabilities.Add);
        Assert.DoesNotContain(it.Pod.Volumes, volume => volume.HostPath is not null);
        Assert.Contains(it.Node.VolumeMounts, mount => mount.MountPath == "/tmp" && mount.ReadOnlyProperty != true);
    }

    [KubectlTheory, MemberData(nameof(All))]
    public void Ports_of_container_service_and_probes_are_those_that_the_node_is_told(string folder)
    {
        var it = Installation.Of(folder);
        (string, int)[] ports = [("actors", it.Port + 1), ("api", it.Port)];
        Assert.Equal(ports, it.Node.Ports.Select(p => (p.Name, p.ContainerPort)).Order());
        Assert.Equal(ports, it.One<V1Service>().Spec.Ports.Select(p => (p.Name, p.Port)).Order());
        Assert.All(it.One<V1Service>().Spec.Ports, p => Assert.Equal(p.Name, (string)p.TargetPort!));
        foreach (var (probe, path) in new[] { (it.Node.StartupProbe, "/health"), (it.Node.LivenessProbe, "/health"),
            (it.Node.ReadinessProbe, "/ready") })
        {
            var get = probe.HttpGet;
            Assert.Equal((path, "api", "HTTPS"), (get.Path, (string)get.Port, get.Scheme));
            Assert.Null(get.Host); // the pod's own address, which is why a node alone is told a name too
        }
    }

    [KubectlTheory, MemberData(nameof(All))]
    public void Nodes_reach_each_other_DNS_and_the_database_and_only_the_API_is_open_to_clients(string folder)
    {
        var it = Installation.Of(folder);
        var policy = it.One<V1NetworkPolicy>().Spec;
        var labels = it.Set.Spec.Template.Metadata.Labels;
        Assert.Equal(labels, policy.PodSelector.MatchLabels);
        Assert.Equal(["Egress", "Ingress"], policy.PolicyTypes.Order());
        Assert.Equal(2, policy.Ingress.Count);
        var nodes = Assert.Single(policy.Ingress, rule => Peer(rule.FromProperty).SequenceEqual(labels));
        Assert.Equal([it.Port, it.Port + 1], Numbers(nodes.Ports));
        var clients = Assert.Single(policy.Ingress, rule => rule != nodes);
        // Nothing else is asked of a client: not the nodes' label, which would make it a node to the service.
        Assert.Equal([KeyValuePair.Create("patchbay/client", "true")], Peer(clients.FromProperty));
        Assert.Equal([it.Port], Numbers(clients.Ports));
        var toNodes = Assert.Single(policy.Egress, rule => rule.To is not null);
        Assert.Equal(labels, Peer(toNodes.To));
        Assert.Equal([it.Port, it.Port + 1], Numbers(toNodes.Ports));
        int[] elsewhere = it.Settings.TryGetValue("PATCHBAY_JOURNAL", out var journal)
            ? [53, 53, new Uri(journal).Port] : [53, 53];
        Assert.Equal(elsewhere, policy.Egress.Where(rule => rule.To is null).SelectMany(rule => Numbers(rule.Ports)));
    }

    [KubectlTheory, MemberData(nameof(All))]
    public void Seeds_are_pods_that_exist_under_the_names_that_nodes_have(string folder)
    {
        var it = Installation.Of(folder);
        var service = it.One<V1Service>();
        Assert.Equal(service.Metadata.Name, it.Set.Spec.ServiceName);
        Assert.Equal("None", service.Spec.ClusterIP);
        Assert.True(service.Spec.PublishNotReadyAddresses);
        Assert.Equal("Parallel", it.Set.Spec.PodManagementPolicy);
        Assert.Equal($"$(POD_NAME).{service.Metadata.Name}", it.Argument("hostname"));
        Assert.Equal("metadata.name",
            Assert.Single(it.Node.Env, one => one.Name == "POD_NAME").ValueFrom.FieldRef.FieldPath);
        var pods = Enumerable.Range(0, it.Set.Spec.Replicas!.Value)
            .Select(i => $"{it.Set.Metadata.Name}-{i}.{service.Metadata.Name}:{it.Port}").ToList();
        var seeds = it.Arguments("seed");
        Assert.Equal(pods[0], seeds[0]); // the one that begins a cluster has to be the same everywhere
        Assert.Equal(seeds.Count, seeds.Distinct().Count());
        Assert.Subset(pods.ToHashSet(), seeds.ToHashSet());
        Assert.Equal(Math.Min(3, pods.Count), seeds.Count);
    }

    [KubectlTheory, MemberData(nameof(All))]
    public void Whatever_selects_pods_selects_the_nodes(string folder)
    {
        var it = Installation.Of(folder);
        var labels = it.Set.Spec.Template.Metadata.Labels;
        Assert.NotEmpty(labels);
        Assert.Equal(labels, it.Set.Spec.Selector.MatchLabels);
        Assert.Equal(labels, it.One<V1Service>().Spec.Selector);
        var budget = it.One<V1PodDisruptionBudget>().Spec;
        Assert.Equal(labels, budget.Selector.MatchLabels);
        Assert.Equal("1", (string)budget.MaxUnavailable!); // also where there is one: its machine can be emptied
        var apart = Assert.Single(it.Pod.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution);
        Assert.Equal(labels, apart.PodAffinityTerm.LabelSelector.MatchLabels);
        Assert.Equal("kubernetes.io/hostname", apart.PodAffinityTerm.TopologyKey);
    }

    [KubectlTheory, MemberData(nameof(All))]
    public void A_node_has_time_to_finish_a_unit_of_minutes(string folder) =>
        Assert.True(Installation.Of(folder).Pod.TerminationGracePeriodSeconds >= 300);

    [KubectlTheory, MemberData(nameof(All))]
    public void Every_path_that_a_node_is_given_is_mounted_and_every_file_is_there_or_the_operators(string folder)
    {
        var it = Installation.Of(folder);
        var paths = it.Node.Args.Select(text => text[(text.IndexOf('=') + 1)..]).Concat(it.Settings.Values)
            .Where(text => text.StartsWith('/')).ToList();
        Assert.True(paths.Count >= 6, string.Join(' ', paths)); // data twice, models, certificate, token, settings
        foreach (var path in paths)
        {
            var mount = Assert.Single(it.Node.VolumeMounts, mount => $"{path}/".StartsWith($"{mount.MountPath}/",
                StringComparison.Ordinal));
            var file = path[mount.MountPath.Length..].TrimStart('/');
            var volume = it.Pod.Volumes.SingleOrDefault(volume => volume.Name == mount.Name);
            if (volume?.ConfigMap is { } map) Assert.Contains(file, it.ConfigMap(map.Name).Data.Keys);
            else if (volume?.Secret is { } secret)
                Assert.Contains($"create secret generic {secret.SecretName} --from-file={file}", Readme,
                    StringComparison.Ordinal);
            else Assert.Equal("", file);
        }
    }

    [KubectlTheory, MemberData(nameof(All))]
    public void Every_mount_has_a_volume_every_volume_is_mounted_and_no_secret_is_here(string folder)
    {
        var it = Installation.Of(folder);
        Assert.Equal(it.Pod.Volumes.Select(v => v.Name).Concat(it.Set.Spec.VolumeClaimTemplates.Select(c =>
            c.Metadata.Name)).Order(), it.Node.VolumeMounts.Select(m => m.Name).Order());
        Assert.All(it.Pod.Volumes.Where(v => v.Secret is not null), v =>
        {
            // Of the files' owner, root, the node has only the group that fsGroup gives them.
            Assert.Equal(Convert.ToInt32("440", 8), v.Secret.DefaultMode);
            Assert.Contains($"create secret generic {v.Secret.SecretName} ", Readme, StringComparison.Ordinal);
        });
        Assert.True(it.Pod.SecurityContext.FsGroup > 0);
        Assert.Empty(it.Objects.OfType<V1Secret>());
        Assert.All(it.Node.Env, one => Assert.Null(one.ValueFrom?.SecretKeyRef));
    }

    [KubectlTheory, MemberData(nameof(All))]
    public void Models_are_read_at_the_same_place_by_all_and_the_claim_fits_the_operators_volume(string folder)
    {
        var it = Installation.Of(folder);
        var claim = it.One<V1PersistentVolumeClaim>();
        var volume = Assert.Single(it.Pod.Volumes, v => v.PersistentVolumeClaim is not null);
        Assert.Equal(claim.Metadata.Name, volume.PersistentVolumeClaim.ClaimName);
        Assert.True(volume.PersistentVolumeClaim.ReadOnlyProperty);
        var mount = Assert.Single(it.Node.VolumeMounts, mount => mount.Name == volume.Name);
        Assert.True(mount.ReadOnlyProperty);
        Assert.Equal(mount.MountPath, it.Settings["PATCHBAY_MODELS"]);
        Assert.Equal(["ReadOnlyMany"], claim.Spec.AccessModes);

        var operators = Assert.IsType<V1PersistentVolume>(
            Assert.Single(Installation.Read(File.ReadAllText(Repository.PathOf("k8s", "models-volume.yaml")))));
        Assert.Equal(operators.Metadata.Name, claim.Spec.VolumeName);
        Assert.Equal(operators.Spec.AccessModes, claim.Spec.AccessModes);
        Assert.Equal(operators.Spec.StorageClassName, claim.Spec.StorageClassName);
        Assert.Equal((claim.Metadata.NamespaceProperty, claim.Metadata.Name),
            (operators.Spec.ClaimRef.NamespaceProperty, operators.Spec.ClaimRef.Name));
    }

    [KubectlTheory, MemberData(nameof(All))]
    public void More_than_one_node_share_a_database_and_one_alone_has_a_file(string folder)
    {
        var it = Installation.Of(folder);
        Assert.Equal(it.Argument("data"), it.Settings["PATCHBAY_DATA"]); // so that other commands find the node
        Assert.Contains(it.Set.Spec.VolumeClaimTemplates, c => it.Node.VolumeMounts.Any(mount =>
            mount.Name == c.Metadata.Name && mount.MountPath == it.Argument("data")));
        if (it.Set.Spec.Replicas == 1)
        {
            Assert.DoesNotContain(it.Settings.Keys, name => name.Contains("JOURNAL", StringComparison.Ordinal));
            return;
        }
        var journal = new Uri(it.Settings["PATCHBAY_JOURNAL"]);
        Assert.Equal("postgres", journal.Scheme);
        Assert.DoesNotContain(':', journal.UserInfo); // no password
        Assert.Contains("PATCHBAY_JOURNAL_PASSWORD_FILE", it.Settings.Keys);
    }

    [KubectlTheory]
    [InlineData(Single, 1, "cpu", null)]
    [InlineData(FourGpus, 4, "cuda:0", "1")]
    public void An_overlay_says_how_many_nodes_with_what_of_which_image(
        string folder, int nodes, string device, string? gpus)
    {
        var it = Installation.Of(folder);
        Assert.Equal(nodes, it.Set.Spec.Replicas);
        Assert.Equal(device, it.Argument("devices"));
        var limits = it.Node.Resources.Limits;
        Assert.Equal(gpus, limits.TryGetValue("nvidia.com/gpu", out var gpu) ? gpu.ToString() : null);
        // Weights on the CPU lie in the container's memory, which has to hold more than them.
        var memory = long.Parse(it.Argument("memory").Replace("GiB", "", StringComparison.Ordinal)) << 30;
        if (gpus is null) Assert.True(memory < limits["memory"].ToInt64());
        Assert.Equal(limits["memory"], it.Node.Resources.Requests["memory"]);
        Assert.Contains("cpu", it.Node.Resources.Requests.Keys);
        Assert.Matches("^registry\\.example/patchbay:[0-9]", it.Node.Image);
    }

    [KubectlTheory, MemberData(nameof(All))]
    public void The_image_is_made_for_the_user_that_runs_it(string folder) => Assert.Equal(
        $"USER {Installation.Of(folder).Pod.SecurityContext.RunAsUser}",
        File.ReadLines(Repository.PathOf("k8s", "Dockerfile")).Last(line => line.StartsWith("USER",
            StringComparison.Ordinal)));

    [Fact]
    public void All_that_the_image_is_made_of_is_here_and_not_ignored()
    {
        var ignored = File.ReadAllLines(Repository.PathOf(".dockerignore"));
        var sources = File.ReadLines(Repository.PathOf("k8s", "Dockerfile"))
            .Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from"))
            .SelectMany(line => line.Split(' ')[1..^1]).Distinct().ToList();
        Assert.Contains("src", sources);
        Assert.All(sources, name =>
        {
            Assert.True(Path.Exists(Repository.PathOf(name)), name);
            Assert.Contains($"!{name}", ignored);
        });
    }

    private static IDictionary<string, string> Peer(IList<V1NetworkPolicyPeer> peers)
    {
        var peer = Assert.Single(peers);
        Assert.Null(peer.NamespaceSelector);
        Assert.Null(peer.IpBlock);
        return peer.PodSelector.MatchLabels;
    }

    private static IEnumerable<int> Numbers(IList<V1NetworkPolicyPort> ports) =>
        ports.Select(p => int.Parse((string)p.Port!)).Order();
}
