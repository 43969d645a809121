using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO004: a handler around an await of a coroutine that catches <c>CancelledException</c> without naming it: <c>catch</c>,
/// <c>catch (Exception)</c>, <c>catch (OperationCanceledException)</c>. A filter or a <c>throw</c> in it shows that somebody thought of that, and an
/// earlier handler may take the exception first. Who writes <c>catch (CancelledException)</c> means it, unless that makes a loop that goes on
/// whatever happens: nothing can end such a task.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class SwallowedCancellationAnalyzer() : UsageAnalyzer(Rules.SwallowedCancellation)
{
    private protected override void Start(CompilationStartAnalysisContext start, KnownTypes known)
        => start.RegisterOperationAction(operation => OnTry(operation, known), OperationKind.Try);

    private static void OnTry(OperationAnalysisContext context, KnownTypes known)
    {
        var attempt = (ITryOperation)context.Operation;
        if (attempt.Catches.IsEmpty || !known.IsCoroutineFunction(attempt.Function(context.ContainingSymbol)) || !MaySuspend(attempt.Body.Syntax))
        {
            return;
        }
        // The first handler without a filter that fits takes the exception.
        var handler = attempt.Catches.FirstOrDefault(handler => handler.Filter is null && (IsBare(handler) || known.Cancelled.Is(handler.ExceptionType as INamedTypeSymbol)));
        if (handler is null || HasThrow(handler.Handler.Syntax, attempt.SemanticModel!))
        {
            return;
        }
        bool isMeant = IsMeant(handler, known);
        if (!isMeant || KeepsLooping(attempt, known))
        {
            var clause = (CatchClauseSyntax)handler.Syntax;
            var properties = ImmutableDictionary<string, string?>.Empty;
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.SwallowedCancellation, clause.Declaration?.GetLocation() ?? clause.CatchKeyword.GetLocation(), isMeant ? properties.Add("meant", "") : properties));
        }
    }

    private static bool IsBare(ICatchClauseOperation handler) => ((CatchClauseSyntax)handler.Syntax).Declaration is null;

    private static bool IsMeant(ICatchClauseOperation handler, KnownTypes known)
        => !IsBare(handler) && SymbolEqualityComparer.Default.Equals(handler.ExceptionType, known.Cancelled);

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

    // One behind a jump is never reached, and shows nothing.
    private static bool HasThrow(SyntaxNode handler, SemanticModel model) => OwnNodes(handler).Any(node => IsThrow(node)
        && model.AnalyzeControlFlow(node.FirstAncestorOrSelf<StatementSyntax>()!) is not { Succeeded: true, StartPointIsReachable: false });

    private static bool IsThrow(SyntaxNode node) => node switch
    {
        ThrowStatementSyntax or ThrowExpressionSyntax => true,
        // ExceptionDispatchInfo.Throw, Capture(e).Throw(), cancellationToken.ThrowIfCancellationRequested()
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: var name } } => name.StartsWith("Throw", StringComparison.Ordinal),
        _ => false,
    };

    // Without what other functions in it do.
    private static IEnumerable<SyntaxNode> OwnNodes(SyntaxNode body)
        => body.DescendantNodes(static node => node is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax));
}
