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

    private protected override IEnumerable<(string Title, SyntaxNode Old, SyntaxNode New)> Replacements(SyntaxNode node, SemanticModel model, Diagnostic diagnostic)
    {
        if (node is not ExpressionSyntax blocking || IsConditional(blocking) || !MayAwait(node) || !diagnostic.Properties.TryGetValue("fix", out string? fix))
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
                if (Delay(arguments[0].Expression, model) is { } delay)
                {
                    yield return ("Await Asyncio.Sleep", node, Awaited(Call("AsyncioSharp.Asyncio.Sleep", delay), node));
                }
                break;
            case ("twin", InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax access } call):
                var twin = access.WithName(SyntaxFactory.IdentifierName(access.Name.Identifier.ValueText + "Async"));
                var instead = call.WithExpression(twin);
                if (IsAwaitable(instead, model, node.SpanStart))
                {
                    yield return ($"Await {twin.Name}", node, Awaited(instead, node));
                }
                break;
            default:
                break;
        }
    }

    // Thread.Sleep(1500) is Asyncio.Sleep(1.5), and what is a TimeSpan stays one. For ever: null, for then a sleep is not what is meant.
    private static ExpressionSyntax? Delay(ExpressionSyntax time, SemanticModel model)
    {
        if (model.GetConstantValue(time) is { HasValue: true, Value: < 0 } || model.GetSymbolInfo(time).Symbol is { Name: "InfiniteTimeSpan" })
        {
            return null;
        }
        if (model.GetTypeInfo(time).Type is not { SpecialType: SpecialType.System_Int32 })
        {
            return time.WithoutTrivia();
        }
        return time is LiteralExpressionSyntax { Token.Value: int milliseconds }
            ? SyntaxFactory.LiteralExpression(SyntaxKind.NumericLiteralExpression, SyntaxFactory.Literal(milliseconds / 1000.0))
            : Call("System.TimeSpan.FromMilliseconds", time.WithoutTrivia());
    }

    // The twin may take other things (memory, no span), or give what is not awaited but iterated.
    private static bool IsAwaitable(ExpressionSyntax call, SemanticModel model, int position)
        => model.GetSpeculativeSymbolInfo(position, call, SpeculativeBindingOption.BindAsExpression).Symbol is IMethodSymbol { ReturnType: var type }
            && type.GetMembers("GetAwaiter").Length + (type.BaseType?.GetMembers("GetAwaiter").Length ?? 0) > 0;
}
