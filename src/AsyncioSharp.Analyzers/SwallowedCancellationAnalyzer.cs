using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO004: a handler around an await of a coroutine that catches <c>CancelledException</c> without naming it: <c>catch</c>,
/// <c>catch (Exception)</c>, <c>catch (OperationCanceledException)</c>. A filter that does not let it in, a <c>throw</c> that it reaches, or a test for it shows that
/// somebody thought of that (see <see cref="Handler"/>), and an earlier handler may take the exception first. Who writes
/// <c>catch (CancelledException)</c> means it, unless that makes a loop that goes on whatever happens: nothing can end such a task.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class SwallowedCancellationAnalyzer() : UsageAnalyzer(Rules.SwallowedCancellation)
{
    private protected override void Start(CompilationStartAnalysisContext start, KnownTypes known) => start.RegisterOperationBlockStartAction(block =>
    {
        var body = new Body(block.OperationBlocks, block.OwningSymbol, known);
        block.RegisterOperationAction(operation => OnTry(operation, body), OperationKind.Try);
    });

    private static void OnTry(OperationAnalysisContext context, Body body)
    {
        var attempt = (ITryOperation)context.Operation;
        if (attempt.Catches.IsEmpty || !body.Known.IsCoroutineFunction(attempt.Function(context.ContainingSymbol)) || !MaySuspend(attempt.Body.Syntax))
        {
            return;
        }
        // The first that fits takes the exception. Of a filter that says nothing of it, nothing is known.
        var handler = attempt.Catches.Select(handler => new Handler(handler, body)).FirstOrDefault(static handler => handler.Takes == true);
        if (handler is null || handler.PassesOn())
        {
            return;
        }
        bool isMeant = IsMeant(handler.Clause, body.Known);
        if (!isMeant || KeepsLooping(attempt, body.Known))
        {
            var clause = (CatchClauseSyntax)handler.Clause.Syntax;
            var properties = ImmutableDictionary<string, string?>.Empty;
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.SwallowedCancellation, clause.Declaration?.GetLocation() ?? clause.CatchKeyword.GetLocation(), isMeant ? properties.Add("meant", "") : properties));
        }
    }

    private static bool IsMeant(ICatchClauseOperation handler, KnownTypes known)
        => !Handler.IsBare(handler) && SymbolEqualityComparer.Default.Equals(handler.ExceptionType, known.Cancelled);

    // A loop without an end of its own and without a way out. If it awaits a task, the exception may be that of the task; then it is right to go on.
    private static bool KeepsLooping(ITryOperation attempt, KnownTypes known)
        => (attempt.Parent is IBlockOperation { Parent: ILoopOperation } block ? block.Parent : attempt.Parent) is ILoopOperation loop
            && loop switch
            {
                IWhileLoopOperation { Condition: var condition } => condition?.ConstantValue is { HasValue: true, Value: true },
                IForLoopOperation { Condition: var condition } => condition is null or { ConstantValue: { HasValue: true, Value: true } },
                _ => false,
            }
            && !OwnNodes(loop.Syntax).Any(static node => node is BreakStatementSyntax or ReturnStatementSyntax or GotoStatementSyntax or ThrowStatementSyntax)
            && attempt.Body.Descendants().OfType<IAwaitOperation>().All(wait => !known.IsFuture(wait.Operation.Bare().Type));

    private static bool MaySuspend(SyntaxNode body) => OwnNodes(body).Any(static node => node switch
    {
        AwaitExpressionSyntax => true,
        CommonForEachStatementSyntax each => each.AwaitKeyword.IsKind(SyntaxKind.AwaitKeyword),
        UsingStatementSyntax use => use.AwaitKeyword.IsKind(SyntaxKind.AwaitKeyword),
        LocalDeclarationStatementSyntax local => local.AwaitKeyword.IsKind(SyntaxKind.AwaitKeyword),
        _ => false,
    });

    // Without what other functions in it do.
    private static IEnumerable<SyntaxNode> OwnNodes(SyntaxNode body)
        => body.DescendantNodes(static node => node is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax));
}
