using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AsyncioSharp.CodeFixes;

/// <summary>For ASYNCIO001 and ASYNCIO006: await what is dropped; make a dropped coroutine a task; discard a dropped task openly.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class DroppedResultFix : CodeFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ["ASYNCIO001", "ASYNCIO006"];

    private protected override IEnumerable<(string Title, SyntaxNode Old, SyntaxNode New)> Replacements(SyntaxNode node, SemanticModel model, Diagnostic diagnostic)
    {
        if (node is not ExpressionSyntax dropped)
        {
            yield break;
        }
        if (diagnostic.Properties.ContainsKey("around")) // an await of Task.Run(() => Work()) only gets at the coroutine
        {
            yield break;
        }
        while (dropped.Parent is ParenthesizedExpressionSyntax parenthesized)
        {
            dropped = parenthesized;
        }
        ExpressionSyntax whole = dropped.Parent is AssignmentExpressionSyntax { Left: IdentifierNameSyntax { Identifier.ValueText: "_" } } discard ? discard : dropped;
        // 'F();', '_ = F();' and '() => F()'. What goes into a variable has a name that somebody meant to use.
        if (whole.Parent is not (ExpressionStatementSyntax or LambdaExpressionSyntax or ArrowExpressionClauseSyntax or ForStatementSyntax))
        {
            yield break;
        }
        bool isCoroutine = diagnostic.Id == "ASYNCIO001";
        bool mayBeNull = dropped is ConditionalAccessExpressionSyntax; // 'await r?.Save()' would fail where 'r?.Save()' does nothing
        if (!mayBeNull && MayAwait(whole) && whole.Parent is not LambdaExpressionSyntax)
        {
            // What another thread waits for cannot be awaited as it is.
            var awaitable = diagnostic.Properties.ContainsKey("concurrent") ? Call("AsyncioSharp.Asyncio.WrapFuture", dropped.WithoutTrivia()) : dropped;
            yield return (isCoroutine ? "Await the coroutine" : "Await the task", whole, Awaited(awaitable, whole));
        }
        if (!MayDiscard(model, whole.SpanStart) || (isCoroutine && mayBeNull))
        {
            yield break;
        }
        if (isCoroutine)
        {
            yield return ("Run it as a task", whole, Discarded(Call("AsyncioSharp.Asyncio.CreateTask", dropped.WithoutTrivia())));
        }
        else
        {
            yield return ("Discard it openly", whole, Discarded(dropped.WithoutTrivia()));
        }
    }

    private static AssignmentExpressionSyntax Discarded(ExpressionSyntax value)
        => SyntaxFactory.AssignmentExpression(SyntaxKind.SimpleAssignmentExpression, SyntaxFactory.ParseExpression("_"), value);
}
