using Mono.Cecil;
using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests;

/// <summary>No number that libtorch reads may be freed meanwhile: see <see cref="Number"/>.</summary>
public sealed class NumberTests
{
    private static readonly Lazy<HashSet<string>> Makers = new(() => MakersOf(Assemblies("TorchSharp.dll").Single()));

    [Fact]
    public void Nothing_of_ours_calls_what_makes_a_number_that_nothing_keeps()
    {
        var ours = Assemblies("Patchbay.*.dll").Where(a => !a.Name.EndsWith(".Tests.dll", StringComparison.Ordinal))
            .ToArray();
        Assert.True(ours.Length >= 5, $"only {ours.Length} assemblies found");
        Assert.Empty(ours.SelectMany(MethodsOf).SelectMany(method => CallsOf(method).Where(IsMaker)
            .Select(call => $"{method.FullName} calls {call.FullName}")));
    }

    [Theory]
    [InlineData(nameof(Sum))]
    [InlineData(nameof(Scaled))]
    [InlineData(nameof(Squared))]
    [InlineData(nameof(Counted))]
    public void Such_a_call_is_found(string name) => Assert.Contains(CallsOf(This(name)), IsMaker);

    [Fact]
    public void Numbers_that_are_kept_are_left_alone() => Assert.DoesNotContain(CallsOf(This(nameof(Kept))), IsMaker);

    [Fact]
    public void Collections_under_way_change_no_result()
    {
        using var x = ones(16, device: CPU);
        var stop = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref stop)) GC.Collect(0);
        });
        collector.Start();
        for (var i = 0; i < 2000; i++)
        {
            using var y = Kept(x, x);
            Assert.Equal(1.5f, y.data<float>()[3]);
        }
        Volatile.Write(ref stop, true);
        collector.Join();
    }

    private static Tensor Sum(Tensor x, Tensor y) => x + y;

    private static Tensor Scaled(Tensor x) => x.mul_(0.5);

    private static Tensor Squared(Tensor x) => x.square();

    private static Tensor Counted(int n) => arange(n, device: CPU);

    private static Tensor Kept(Tensor x, Tensor y)
    {
        using var scope = NewDisposeScope();
        using var half = 0.5.ToScalar();
        return x.mul(half).add(y * y, Number.One).MoveToOuterDisposeScope();
    }

    private static bool IsMaker(MethodReference call) =>
        IsConversion(call) || Makers.Value.Contains(call.GetElementMethod().FullName);

    private static bool IsConversion(MethodReference call) =>
        call.Name == "op_Implicit" && call.DeclaringType.FullName == "TorchSharp.Scalar";

    /// <summary>The methods in which a number becomes a scalar by itself, and those that call them.</summary>
    private static HashSet<string> MakersOf(ModuleDefinition torchSharp)
    {
        var calls = MethodsOf(torchSharp).Where(m => m.DeclaringType.FullName != "TorchSharp.Scalar")
            .ToDictionary(m => m.FullName, m => CallsOf(m).ToArray());
        var makers = calls.Where(m => m.Value.Any(c => IsConversion(c) || c.Name == "ToScalar")).Select(m => m.Key)
            .ToHashSet();
        for (var before = -1; before != makers.Count;)
        {
            before = makers.Count;
            makers.UnionWith(calls.Where(m => m.Value.Any(c => makers.Contains(c.GetElementMethod().FullName)))
                .Select(m => m.Key).ToArray());
        }
        return makers;
    }

    private static MethodDefinition This(string name) => MethodsOf(Assemblies("Patchbay.Compute.Tests.dll").Single())
        .Single(m => m.Name == name && m.DeclaringType.FullName == typeof(NumberTests).FullName);

    private static IEnumerable<MethodReference> CallsOf(MethodDefinition method) =>
        method.HasBody ? method.Body.Instructions.Select(i => i.Operand).OfType<MethodReference>() : [];

    private static IEnumerable<MethodDefinition> MethodsOf(ModuleDefinition module) =>
        module.GetTypes().SelectMany(type => type.Methods);

    private static IEnumerable<ModuleDefinition> Assemblies(string pattern) =>
        Directory.GetFiles(AppContext.BaseDirectory, pattern).Select(ModuleDefinition.ReadModule);
}
