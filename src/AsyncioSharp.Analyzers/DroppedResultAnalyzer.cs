using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO001 and ASYNCIO006: what a statement drops. A dropped coroutine never runs, so an open discard does not make it right; a dropped
/// task does run, and <c>_ =</c> says that its outcome is not wanted. A local that nobody reads keeps nothing.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class DroppedResultAnalyzer() : UsageAnalyzer(Rules.NotAwaited, Rules.DroppedTask)
{
    private static readonly HashSet<string> s_starters = ["CreateTask", "EnsureFuture", "Gather", "GatherOutcomes", "Shield", "RunInExecutor", "RunCoroutineThreadsafe"];

    private protected override void Start(CompilationStartAnalysisContext start, KnownTypes known)
    {
        start.RegisterOperationAction(operation => OnStatement(operation, known), OperationKind.ExpressionStatement);
        start.RegisterOperationBlockStartAction(block =>
        {
            var read = new ConcurrentDictionary<ISymbol, bool>(SymbolEqualityComparer.Default);
            var declared = new ConcurrentBag<IVariableDeclaratorOperation>();
            block.RegisterOperationAction(operation => read.TryAdd(((ILocalReferenceOperation)operation.Operation).Local, true), OperationKind.LocalReference);
            block.RegisterOperationAction(operation => declared.Add((IVariableDeclaratorOperation)operation.Operation), OperationKind.VariableDeclarator);
            block.RegisterOperationBlockEndAction(end =>
            {
                foreach (var variable in declared.Where(variable => !read.ContainsKey(variable.Symbol)))
                {
                    Check(variable.GetVariableInitializer()?.Value, known, openly: false, end.ReportDiagnostic, end.CancellationToken);
                }
            });
        });
    }

    private static void OnStatement(OperationAnalysisContext context, KnownTypes known)
    {
        var dropped = ((IExpressionStatementOperation)context.Operation).Operation;
        bool openly = false;
        if (dropped is ISimpleAssignmentOperation { Target: IDiscardOperation } discard)
        {
            dropped = discard.Value;
            openly = true;
        }
        else if (dropped is IAssignmentOperation)
        {
            return; // kept
        }
        Check(dropped, known, openly, context.ReportDiagnostic, context.CancellationToken);
    }

    private static void Check(IOperation? dropped, KnownTypes known, bool openly, Action<Diagnostic> report, CancellationToken cancellation)
    {
        if (dropped?.Bare() is not { } value)
        {
            return;
        }
        // A lambda 'x => CreateTask(x)' gives the task, and whoever takes it as an Action drops it; that is said only of the loop, which surely does.
        if (known.IsCoroutine(value.Type))
        {
            // A variable that is discarded openly is at hand, and may well be run elsewhere.
            if ((!openly || value.Variable() is null) && !ExpectsThrow(TakerOfLambda(value)))
            {
                report(Diagnostic.Create(Rules.NotAwaited, value.Syntax.GetLocation(), value.Title(cancellation)));
            }
        }
        else if (!openly && StartsWork(value, known) is { } method && (!IsExpressionOfLambda(value) || (TakerOfLambda(value) is { } taker && known.IsOurs(taker))))
        {
            report(Diagnostic.Create(Rules.DroppedTask, value.Syntax.GetLocation(), Questions.Name(method)));
        }
    }

    // A TaskGroup's tasks are not among these: the group awaits them.
    private static IMethodSymbol? StartsWork(IOperation value, KnownTypes known) => value switch
    {
        IConditionalAccessOperation access => StartsWork(access.WhenNotNull.Bare(), known),
        IInvocationOperation { TargetMethod: var method } when s_starters.Contains(method.Name)
            && (SymbolEqualityComparer.Default.Equals(method.ContainingType, known.Asyncio) || SymbolEqualityComparer.Default.Equals(method.ContainingType, known.EventLoop)) => method,
        _ => null,
    };

    // The function that the lambda '() => value' is given to; null if there is no such lambda.
    private static IMethodSymbol? TakerOfLambda(IOperation value)
    {
        var statement = value.Parent is IExpressionStatementOperation ? value.Parent : value.Parent?.Parent;
        return statement is { Parent: IBlockOperation { Parent: IAnonymousFunctionOperation { Syntax: LambdaExpressionSyntax { ExpressionBody: not null } } lambda } }
            ? lambda.Ancestor<IInvocationOperation>()?.TargetMethod
            : null;
    }

    private static bool IsExpressionOfLambda(IOperation value)
        => value.Syntax.Parent is LambdaExpressionSyntax || value.Syntax.Parent is AssignmentExpressionSyntax { Parent: LambdaExpressionSyntax };

    // 'Should.Throw(() => Work())': what gives nothing drops nothing.
    private static bool ExpectsThrow(IMethodSymbol? taker)
        => taker is not null && (taker.Name.StartsWith("Throw", StringComparison.Ordinal) || (taker.Name == "Exception" && taker.ContainingType.Name == "Record"));
}
