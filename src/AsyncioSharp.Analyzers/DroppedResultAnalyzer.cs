using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO001 and ASYNCIO006: what a statement drops. A dropped coroutine never runs, so an open discard does not make it right; a dropped
/// task does run, and <c>_ =</c> says that its outcome is not wanted. A local keeps nothing that is only copied, to locals that nobody reads.
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
            var body = new Body(block.OperationBlocks, block.OwningSymbol, known);
            bool isOfInterest = false; // most bodies put nothing into locals that could be dropped
            block.RegisterOperationAction(
                operation =>
                {
                    if (Stored(operation.Operation) is { } value && known.IsOfUse(value.Type))
                    {
                        isOfInterest = true;
                    }
                },
                OperationKind.VariableDeclarator, OperationKind.SimpleAssignment, OperationKind.DeconstructionAssignment);
            block.RegisterOperationBlockEndAction(end =>
            {
                foreach (var local in !isOfInterest ? [] : body.Flow.Written.Where(
                    local => local is ILocalSymbol { IsRef: false } one && (HidesResult(one.Type) || body.Flow.IsUnused(one))))
                {
                    foreach (var value in body.Flow.Writes(local).Where(static value => value.Variable() is null)) // what is in a variable is reported there
                    {
                        Check(value, known, openly: false, end.ReportDiagnostic, end.CancellationToken);
                    }
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

    private static IOperation? Stored(IOperation operation) => operation switch
    {
        IVariableDeclaratorOperation declarator => declarator.GetVariableInitializer()?.Value.Bare(),
        IAssignmentOperation assignment => assignment.Value.Bare(),
        _ => null,
    };

    private static void Check(IOperation? dropped, KnownTypes known, bool openly, Action<Diagnostic> report, CancellationToken cancellation)
    {
        if (dropped?.Bare() is not { } value)
        {
            return;
        }
        // A lambda 'x => CreateTask(x)' gives the task, and whoever takes it as an Action drops it; that is said only of the loop, which surely does.
        if (known.IsCoroutine(value.Type) || IsAroundCoroutine(value, known))
        {
            // A variable that is discarded openly is at hand, and may well be run elsewhere.
            if (value.Variable() is null && !HandsBack(value) && !ExpectsThrow(TakerOfLambda(value)))
            {
                var properties = ImmutableDictionary<string, string?>.Empty;
                report(Diagnostic.Create(
                    Rules.NotAwaited, value.Syntax.GetLocation(), known.IsCoroutine(value.Type) ? properties : properties.Add("around", ""), value.Title(cancellation)));
            }
        }
        else if (!openly && (!IsExpressionOfLambda(value) || (TakerOfLambda(value) is { } taker && known.IsOurs(taker))))
        {
            foreach (var (start, method) in Starts(value, known))
            {
                var properties = ImmutableDictionary<string, string?>.Empty;
                report(Diagnostic.Create(
                    Rules.DroppedTask, start.Syntax.GetLocation(), start.Type.Is(known.ConcurrentFuture) ? properties.Add("concurrent", "") : properties, Questions.Name(method)));
            }
        }
    }

    // What takes a T and gives a T, makes none: Interlocked.Exchange(ref _kept, Work()) keeps the new one and gives the old one, all.GetOrAdd(key, Work()) what is kept.
    private static bool HandsBack(IOperation value) => value switch
    {
        IConditionalAccessOperation access => HandsBack(access.WhenNotNull),
        IInvocationOperation { TargetMethod.OriginalDefinition: { ReturnType: ITypeParameterSymbol given } method }
            => method.Parameters.Any(parameter => SymbolEqualityComparer.Default.Equals(parameter.Type, given)),
        _ => false,
    };

    // What Task.Run(() => Work()) gives is a task that gives the coroutine, and what a query gives are coroutines: nobody runs them either.
    private static bool IsAroundCoroutine(IOperation value, KnownTypes known)
        => value is IInvocationOperation { TargetMethod: var method } && method.ContainingNamespace.IsOrIn("System") && value.Type switch
        {
            INamedTypeSymbol { TypeArguments: { Length: 1 } inner } type
                => known.IsCoroutine(inner[0])
                    && (BlockingCalls.IsTask(type) || method.ContainingType.Name == "Enumerable"),
            IArrayTypeSymbol { ElementType: var element } => known.IsCoroutine(element) && method.ContainingType.Name == "Enumerable",
            _ => false,
        };

    // In a variable of this type the coroutine that a task gives is out of reach.
    private static bool HidesResult(ITypeSymbol type) => type is INamedTypeSymbol { IsGenericType: false } && BlockingCalls.IsTask(type);

    // A TaskGroup's tasks are not among these: the group awaits them.
    private static IEnumerable<(IOperation Start, IMethodSymbol Method)> Starts(IOperation value, KnownTypes known) => value.Bare() switch
    {
        IConditionalAccessOperation access => Starts(access.WhenNotNull, known).Select(start => ((IOperation)access, start.Method)),
        IConditionalOperation { WhenFalse: { } other } choice => Starts(choice.WhenTrue, known).Concat(Starts(other, known)),
        ICoalesceOperation choice => Starts(choice.WhenNull, known),
        ISwitchExpressionOperation choice => choice.Arms.SelectMany(arm => Starts(arm.Value, known)),
        IInvocationOperation { TargetMethod: var method } call when s_starters.Contains(method.Name)
            && (SymbolEqualityComparer.Default.Equals(method.ContainingType, known.Asyncio)
                || SymbolEqualityComparer.Default.Equals(method.ContainingType, known.EventLoop))
                => [(call, method)],
        _ => [],
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
