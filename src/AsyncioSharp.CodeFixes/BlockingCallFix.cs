using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AsyncioSharp.CodeFixes;

/// <summary>
/// For ASYNCIO003: <c>await task</c> for its result or <c>Wait()</c>, <c>await Asyncio.Sleep</c> for <c>Thread.Sleep</c>, and the awaitable twin of a
/// synchronous method. The analyzer says which.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class BlockingCallFix : CodeFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ["ASYNCIO003"];

    private protected override IEnumerable<(string Title, SyntaxNode Old, SyntaxNode New)> Replacements(SyntaxNode node, Diagnostic diagnostic)
    {
        if (!MayAwait(node) || !diagnostic.Properties.TryGetValue("fix", out string? fix))
        {
            yield break;
        }
        switch (fix, node)
        {
            case ("await", MemberAccessExpressionSyntax { Expression: var task }): // t.Result
                yield return ("Await the task", node, Awaited(task, node));
                break;
            case ("await", InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Wait", Expression: var task } }):
                yield return ("Await the task", node, Awaited(task, node));
                break;
            case ("await", InvocationExpressionSyntax
            {
                Expression: MemberAccessExpressionSyntax { Expression: InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Expression: var task } } },
            }): // t.GetAwaiter().GetResult()
                yield return ("Await the task", node, Awaited(task, node));
                break;
            case ("sleep", InvocationExpressionSyntax { ArgumentList.Arguments: { Count: 1 } arguments }):
                yield return ("Await Asyncio.Sleep", node, Awaited(Call("AsyncioSharp.Asyncio.Sleep", Seconds(arguments[0].Expression)), node));
                break;
            case ("twin", InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax access } call):
                var twin = access.WithName(SyntaxFactory.IdentifierName(access.Name.Identifier.ValueText + "Async"));
                yield return ($"Await {twin.Name}", node, Awaited(call.WithExpression(twin), node));
                break;
            default:
                break;
        }
    }

    // Thread.Sleep(1500) is Asyncio.Sleep(1.5); other than literals are told apart by how they are written, which is how they are meant.
    private static ExpressionSyntax Seconds(ExpressionSyntax time) => time switch
    {
        LiteralExpressionSyntax { Token.Value: int milliseconds } => SyntaxFactory.LiteralExpression(SyntaxKind.NumericLiteralExpression, SyntaxFactory.Literal(milliseconds / 1000.0)),
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Expression: var type } } when type.ToString().EndsWith("TimeSpan", StringComparison.Ordinal) => time,
        _ => Call("System.TimeSpan.FromMilliseconds", time),
    };
}
