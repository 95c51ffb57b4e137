using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Patchbay.Pure.Tests.Sources;

/// <summary>
/// What compiles and runs on one machine and goes wrong on another, or reads as something else than it is. Told from
/// syntax alone, without types: TorchSharp's names are those of torch, in lower case, and nothing of ours is called so.
/// </summary>
internal static class SourceRules
{
    /// <summary>The functions of TorchSharp's `torch` that take a device, and take it from no other tensor.</summary>
    private static readonly HashSet<string> Creations =
    [
        "arange", "as_tensor", "bartlett_window", "blackman_window", "empty", "empty_strided", "eye", "from_array",
        "from_file", "frombuffer", "full", "hamming_window", "hann_window", "kaiser_window", "linspace", "logspace",
        "normal", "ones", "rand", "randint", "randn", "randperm", "scalar", "scalar_tensor", "sparse",
        "sparse_coo_tensor", "tensor", "tril_indices", "triu_indices", "zeros",
    ];

    /// <summary>Methods of a tensor whose first argument is a dtype in one form and a number in another.</summary>
    private static readonly HashSet<string> TakeDtypeOrNumber = ["prod", "sum", "to", "to_type", "type"];

    /// <summary>A tensor made without a word on where: on the CPU, whatever the device of those it meets.</summary>
    public static IEnumerable<SyntaxNodeOrToken> MadeNowhere(SyntaxNode root) =>
        from call in Calls(root)
        where TorchFunction(call) is { } name && Creations.Contains(name)
        where !NamesDevice(call) && !IsMovedAtOnce(call)
        select (SyntaxNodeOrToken)call;

    /// <summary>"cuda" without a number: the first device, or the current one, whatever was asked for.</summary>
    public static IEnumerable<SyntaxNodeOrToken> MovedSomewhere(SyntaxNode root) =>
    [
        .. Calls(root).Where(call => LastName(call.Expression) == "cuda" && !NamesDevice(call)),
        .. root.DescendantNodes().OfType<ArgumentListSyntax>()
            .Where(list => SaysWhichDevice(list.Parent!) && IsUnnumbered(list)).Select(list => list.Parent!),
        .. root.DescendantNodes().OfType<IdentifierNameSyntax>()
            .Where(name => name.Identifier.Text == "CUDA" && !IsDeviceType(name.Parent)),
    ];

    /// <summary>
    /// An int where a dimension is meant: C# takes a 0 for the first dtype, and x.sum(0) sums all of x as bytes.
    /// </summary>
    public static IEnumerable<SyntaxNodeOrToken> IntegerForDimension(SyntaxNode root) =>
        from call in Calls(root)
        let function = TorchFunction(call)
        where TakeDtypeOrNumber.Contains(function ?? LastName(call.Expression) ?? "")
        let argument = call.ArgumentList.Arguments.ElementAtOrDefault(function is null ? 0 : 1)
        where argument is { NameColon: null, Expression: var value } && IsIntLiteral(value)
        select (SyntaxNodeOrToken)call;

    /// <summary>Memory that nobody watches, and calls into native libraries.</summary>
    public static IEnumerable<SyntaxNodeOrToken> Unsafe(SyntaxNode root) =>
    [
        .. root.DescendantTokens().Where(token => token.IsKind(SyntaxKind.UnsafeKeyword)),
        .. root.DescendantNodes().OfType<AttributeSyntax>().Where(attribute => LastName(attribute.Name)
            is "DllImport" or "DllImportAttribute" or "LibraryImport" or "LibraryImportAttribute"),
    ];

    private static IEnumerable<InvocationExpressionSyntax> Calls(SyntaxNode root) =>
        root.DescendantNodes().OfType<InvocationExpressionSyntax>();

    /// <summary>zeros of zeros(...) and torch.zeros(...); null for a method of something else.</summary>
    private static string? TorchFunction(InvocationExpressionSyntax call) => call.Expression switch
    {
        IdentifierNameSyntax name => name.Identifier.Text,
        MemberAccessExpressionSyntax member when LastName(member.Expression) == "torch" => member.Name.Identifier.Text,
        _ => null,
    };

    private static string? LastName(SyntaxNode? expression) => expression switch
    {
        SimpleNameSyntax name => name.Identifier.Text,
        QualifiedNameSyntax name => name.Right.Identifier.Text,
        MemberAccessExpressionSyntax member => member.Name.Identifier.Text,
        MemberBindingExpressionSyntax member => member.Name.Identifier.Text,
        _ => null,
    };

    private static bool NamesDevice(InvocationExpressionSyntax call) => call.ArgumentList.Arguments.Any(argument =>
        IsDevice(argument.Expression)
        || (argument.NameColon?.Name.Identifier.Text == "device" && !IsNothing(argument.Expression)));

    private static bool IsNothing(ExpressionSyntax value) =>
        value.IsKind(SyntaxKind.NullLiteralExpression) || value.IsKind(SyntaxKind.DefaultLiteralExpression);

    /// <summary>Whether a call is the x of x.to(device).</summary>
    private static bool IsMovedAtOnce(InvocationExpressionSyntax call) =>
        call.Parent is MemberAccessExpressionSyntax { Name.Identifier.Text: "to" } to
        && to.Parent is InvocationExpressionSyntax move && NamesDevice(move);

    /// <summary>True of CPU, of what is called device or ends so, and of a choice between such.</summary>
    private static bool IsDevice(ExpressionSyntax expression) => expression switch
    {
        ParenthesizedExpressionSyntax inner => IsDevice(inner.Expression),
        PostfixUnaryExpressionSyntax certain => IsDevice(certain.Operand),
        ConditionalExpressionSyntax choice => IsDevice(choice.WhenTrue) && IsDevice(choice.WhenFalse),
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.CoalesceExpression } choice => IsDevice(choice.Right),
        InvocationExpressionSyntax call => TorchFunction(call) == "device",
        ObjectCreationExpressionSyntax made => LastName(made.Type) == "Device",
        _ => LastName(expression) is { } name
            && (name == "CPU" || name.EndsWith("device", StringComparison.OrdinalIgnoreCase)),
    };

    /// <summary>Whether the arguments of a call or creation are those of a device, or may be.</summary>
    private static bool SaysWhichDevice(SyntaxNode call) => call switch
    {
        InvocationExpressionSyntax { Expression: var function } => LastName(function) is "to" or "device",
        ObjectCreationExpressionSyntax made => LastName(made.Type) == "Device",
        ImplicitObjectCreationExpressionSyntax => true,
        _ => false,
    };

    private static bool IsUnnumbered(ArgumentListSyntax list) => list.Arguments.FirstOrDefault()?.Expression switch
    {
        LiteralExpressionSyntax literal => literal.Token.Value is "cuda",
        MemberAccessExpressionSyntax { Name.Identifier.Text: "CUDA" } member =>
            IsDeviceType(member) && list.Arguments.Count == 1,
        _ => false,
    };

    private static bool IsDeviceType(SyntaxNode? node) =>
        node is MemberAccessExpressionSyntax member && LastName(member.Expression) == "DeviceType";

    private static bool IsIntLiteral(ExpressionSyntax value) => value switch
    {
        LiteralExpressionSyntax literal => literal.Token.Value is int,
        PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.UnaryMinusExpression } negative =>
            IsIntLiteral(negative.Operand),
        _ => false,
    };
}
