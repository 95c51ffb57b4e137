using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Rule = System.Func<Microsoft.CodeAnalysis.SyntaxNode,
    System.Collections.Generic.IEnumerable<Microsoft.CodeAnalysis.SyntaxNodeOrToken>>;

namespace Patchbay.Pure.Tests.Sources;

/// <summary>The sources in src keep the rules, and each rule finds what it is about.</summary>
public sealed class SourceRuleTests
{
    /// <summary>Where unsafe code and native calls belong.</summary>
    private static readonly string[] Unsafe =
    [
        "src/Patchbay.Models/Kernels/", "src/Patchbay.Models/Libtorch/SystemCalls.cs", "src/Patchbay.Tasks/FileKind.cs",
    ];

    private static readonly Lazy<(string Path, SyntaxNode Root)[]> Sources =
        new(() => [.. Files().Select(path => (path, Parse(File.ReadAllText(Repository.PathOf(path)))))]);

    [Fact]
    public void All_sources_are_read_and_parse()
    {
        Assert.True(Sources.Value.Length > 200, $"only {Sources.Value.Length} files found in src");
        Assert.Empty(Sources.Value.SelectMany(s => s.Root.GetDiagnostics().Select(d => $"{s.Path}: {d}")));
        Assert.All(Unsafe, place => Assert.Contains(Sources.Value, s => IsIn(s.Path, [place])));
    }

    [Fact]
    public void A_tensor_is_made_on_a_named_device() => Nothing(Found(SourceRules.MadeNowhere));

    [Fact]
    public void Nothing_is_moved_to_some_device_of_CUDA() => Nothing(Found(SourceRules.MovedSomewhere));

    [Fact]
    public void A_dimension_is_no_int_where_it_could_be_a_dtype() => Nothing(Found(SourceRules.IntegerForDimension));

    [Fact]
    public void Unsafe_code_and_native_calls_are_in_their_places_only() =>
        Nothing(Found(SourceRules.Unsafe).Where(found => !IsIn(found, Unsafe)));

    [Theory]
    [InlineData("zeros(2, 3)")]
    [InlineData("torch.zeros([2], dtype: ScalarType.Float32)")]
    [InlineData("x + ones([devices.Count])")]
    [InlineData("tensor(ids).view(1, -1).to(device)")]
    [InlineData("tensor(ids).to(ScalarType.Float64)")]
    [InlineData("(randn(shape) * 2).to(model.Device)")]
    [InlineData("arange(4, device: null)")]
    [InlineData("run(() => from_array(values))")]
    public void A_tensor_made_nowhere_is_found(string code) => Assert.Single(In(SourceRules.MadeNowhere, code));

    [Theory]
    [InlineData("zeros([2, 3], dtype: ScalarType.Float32, device: model.Device)")]
    [InlineData("empty([2], dtype, device)")]
    [InlineData("empty([2], dtype, asked ?? CPU)")]
    [InlineData("zeros([2], device: onCpu ? CPU : x.device)")]
    [InlineData("tensor(ids).to(logits.device).index_select(0, rows)")]
    [InlineData("torch.tensor(ids).to(ScalarType.Float32, model.Device)")]
    [InlineData("zeros_like(x)")]
    [InlineData("shapes.zeros(2)")]
    [InlineData("new tensor(2)")]
    public void A_tensor_made_on_a_device_is_left_alone(string code) =>
        Assert.Empty(In(SourceRules.MadeNowhere, code));

    [Theory]
    [InlineData("x.cuda()")]
    [InlineData("x?.cuda()")]
    [InlineData("x.to(\"cuda\")")]
    [InlineData("x.to(DeviceType.CUDA)")]
    [InlineData("x.to(CUDA)")]
    [InlineData("zeros([2], device: torch.CUDA)")]
    [InlineData("new Device(DeviceType.CUDA)")]
    [InlineData("new torch.Device(\"cuda\")")]
    [InlineData("device(\"cuda\")")]
    public void A_move_to_some_device_is_found(string code) => Assert.Single(In(SourceRules.MovedSomewhere, code));

    [Theory]
    [InlineData("x.cpu()")]
    [InlineData("x.cuda(model.Device)")]
    [InlineData("x.to(model.Device)")]
    [InlineData("x.to(\"cuda:1\")")]
    [InlineData("x.to(DeviceType.CUDA, 1)")]
    [InlineData("new Device(DeviceType.CUDA, index)")]
    [InlineData("device.type == DeviceType.CUDA")]
    public void A_move_to_a_named_device_is_left_alone(string code) =>
        Assert.Empty(In(SourceRules.MovedSomewhere, code));

    [Theory]
    [InlineData("x.sum(0)")]
    [InlineData("x.sum(-1, keepdim: true)")]
    [InlineData("x.square().prod(1)")]
    [InlineData("torch.sum(x, 0)")]
    [InlineData("sum(x, 0)")]
    [InlineData("x.to(0)")]
    public void An_int_for_a_dimension_is_found(string code) =>
        Assert.Single(In(SourceRules.IntegerForDimension, code));

    [Theory]
    [InlineData("x.sum()")]
    [InlineData("x.sum(0L)")]
    [InlineData("x.sum([0])")]
    [InlineData("x.sum(-1L)")]
    [InlineData("x.sum(dim: 0)")]
    [InlineData("x.sum(ScalarType.Int64)")]
    [InlineData("torch.sum(x, 0L)")]
    [InlineData("x.Sum(0)")]
    [InlineData("x.argmax(0)")]
    public void A_dimension_is_left_alone(string code) => Assert.Empty(In(SourceRules.IntegerForDimension, code));

    [Theory]
    [InlineData("unsafe void F() { }")]
    [InlineData("unsafe class C { }")]
    [InlineData("void F() { unsafe { } }")]
    [InlineData("[DllImport(\"c\")] static extern int getpid();")]
    [InlineData("[LibraryImport(\"c\")] static partial int getpid();")]
    [InlineData("[System.Runtime.InteropServices.DllImportAttribute(\"c\")] static extern int getpid();")]
    public void Unsafe_code_and_native_calls_are_found(string code) =>
        Assert.Single(SourceRules.Unsafe(Parse($"class Around {{ {code} }}")));

    [Fact]
    public void Words_in_comments_and_texts_are_left_alone()
    {
        const string Words = "unsafe zeros(2) x.sum(0) x.cuda() [DllImport]";
        var root = Parse($"class C {{ /* {Words} */ string S => \"{Words}\"; }}");
        Assert.Empty(SourceRules.MadeNowhere(root));
        Assert.Empty(SourceRules.MovedSomewhere(root));
        Assert.Empty(SourceRules.IntegerForDimension(root));
        Assert.Empty(SourceRules.Unsafe(root));
    }

    private static IEnumerable<SyntaxNodeOrToken> In(Rule rule, string expression) =>
        rule(Parse($"class C {{ object F() => {expression}; }}"));

    /// <summary>File, line and code of what breaks a rule, e.g. "src/A.cs(12): zeros(2, 3)".</summary>
    private static IEnumerable<string> Found(Rule rule) =>
        from source in Sources.Value
        from found in rule(source.Root)
        select $"{source.Path}({found.GetLocation()!.GetLineSpan().StartLinePosition.Line + 1}): {found}";

    /// <summary>Fails with all that was found.</summary>
    private static void Nothing(IEnumerable<string> found) => Assert.True(!found.Any(), string.Join('\n', found));

    private static bool IsIn(string path, string[] places) =>
        places.Any(place => path.StartsWith(place, StringComparison.Ordinal));

    private static SyntaxNode Parse(string text) =>
        CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Latest)).GetRoot();

    /// <summary>Paths from the repository's folder of all that is compiled in src, with slashes.</summary>
    private static IEnumerable<string> Files() =>
        from project in Directory.GetDirectories(Repository.PathOf("src"))
        from file in Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories)
        where Path.GetRelativePath(project, file).Split(Path.DirectorySeparatorChar)[0] is not ("bin" or "obj")
        select Path.GetRelativePath(Repository.Root, file).Replace(Path.DirectorySeparatorChar, '/');
}
