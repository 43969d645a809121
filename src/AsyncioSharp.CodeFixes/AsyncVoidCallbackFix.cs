using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AsyncioSharp.CodeFixes;

/// <summary>
/// For ASYNCIO005: <c>async () => await Work()</c>, a lambda that only awaits a coroutine, becomes <c>() => _ = Asyncio.CreateTask(Work())</c>. The analyzer says which do.
/// A longer one needs a method of its own with a name, which is for its author to find.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class AsyncVoidCallbackFix : CodeFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ["ASYNCIO005"];

    private protected override IEnumerable<(string Title, SyntaxNode Old, SyntaxNode New)> Replacements(SyntaxNode node, SemanticModel model, Diagnostic diagnostic)
    {
        if (node is LambdaExpressionSyntax lambda && diagnostic.Properties.ContainsKey("coroutine") && Awaited(lambda) is { } coroutine
            && MayDiscard(model, lambda.Body.SpanStart))
        {
            var body = SyntaxFactory.AssignmentExpression(
                SyntaxKind.SimpleAssignmentExpression, SyntaxFactory.ParseExpression("_"), Call("AsyncioSharp.Asyncio.CreateTask", coroutine.WithoutTrivia()));
            yield return ("Start a task", lambda, lambda.WithAsyncKeyword(default).WithBody(body).WithLeadingTrivia(lambda.GetLeadingTrivia()));
        }
    }

    // What 'async () => await X' and 'async () => { await X; }' await.
    private static ExpressionSyntax? Awaited(LambdaExpressionSyntax lambda) => lambda.Body switch
    {
        AwaitExpressionSyntax wait => wait.Expression,
        BlockSyntax { Statements: { Count: 1 } only } => only[0] is ExpressionStatementSyntax { Expression: AwaitExpressionSyntax wait } ? wait.Expression : null,
        _ => null,
    };
}
