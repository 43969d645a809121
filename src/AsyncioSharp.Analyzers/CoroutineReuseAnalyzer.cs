using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO002: a coroutine in a local or parameter that is certainly run a second time: awaited, made a task, or given to a function that does.
/// What happens on some paths only is not reported, nor is a variable that several functions share, or one that may hold a <c>Sleep(0)</c>.
/// A local that only ever is another name of a variable is taken for that variable. See <see cref="UseFlow"/>.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class CoroutineReuseAnalyzer() : UsageAnalyzer(Rules.RunTwice)
{
    private protected override void Start(CompilationStartAnalysisContext start, KnownTypes known)
        => start.RegisterOperationBlockAction(block => OnBlock(block, known));

    private static void OnBlock(OperationBlockAnalysisContext context, KnownTypes known)
    {
        var body = new Body(context.OperationBlocks, context.OwningSymbol, known);
        foreach (var root in context.OperationBlocks)
        {
            var hasLabels = new Lazy<bool>(() => root.Descendants().Any(static operation => operation is ILabeledOperation));
            var places = new Lazy<Dictionary<ISymbol, UsePlaces>>(() => PlacesIn(context.GetControlFlowGraph(root), context.OwningSymbol));
            var references = root.Descendants()
                .Where(operation => IsVariable(operation) && (known.IsCoroutine(operation.Type) || known.IsListOfCoroutines(operation.Type)))
                .ToList();
            foreach (var same in references.GroupBy(reference => body.Flow.Original(reference.Variable()!), SymbolEqualityComparer.Default))
            {
                var functions = same.Select(reference => reference.Function(context.OwningSymbol)).Distinct(SymbolEqualityComparer.Default).ToList();
                if (same.Key is null or IParameterSymbol { RefKind: not RefKind.None } or ILocalSymbol { IsRef: true }
                    || functions.Count != 1 || functions[0] is not { } function
                    || body.Flow.Origins(same.First()).Any(origin => IsTurn(origin, known))
                    || !MayRepeat([.. same.Where(reference => UseFlow.IsUse(reference, known) || UseFlow.IsElementUse(reference, body))], same.Key, hasLabels))
                {
                    continue;
                }
                if (places.Value.TryGetValue(function, out var ofFunction))
                {
                    var names = new HashSet<ISymbol>(same.Select(static reference => reference.Variable()!), SymbolEqualityComparer.Default);
                    foreach (var use in new UseFlow(ofFunction, names, body).RepeatedUses())
                    {
                        context.ReportDiagnostic(Diagnostic.Create(Rules.RunTwice, use.Syntax.GetLocation(), use.Variable()!.Name));
                    }
                }
            }
        }
    }

    // Sleep(0), which gives one coroutine that all share, and that runs as often as it is awaited.
    private static bool IsTurn(IOperation origin, KnownTypes known)
        => origin is IInvocationOperation { TargetMethod: { Name: "Sleep", IsGenericMethod: false, Parameters.Length: 1 } method, Arguments: { Length: 1 } arguments }
            && method.ContainingType.Is(known.Asyncio)
            && (arguments[0].Value is { ConstantValue: { HasValue: true, Value: <= 0.0 } } || arguments[0].Value.IsZeroTime());

    // Most coroutines are run in one place that is not in a loop. Of those no graph is made, which is what costs time here.
    private static bool MayRepeat(List<IOperation> uses, ISymbol variable, Lazy<bool> hasLabels)
        => uses.Count > 1 || (uses.Count == 1 && (IsInLoop(uses[0], variable) || hasLabels.Value));

    // In one that goes around without declaring the variable anew.
    private static bool IsInLoop(IOperation use, ISymbol variable)
    {
        for (var outer = use.Parent; outer is not null; outer = outer.Parent)
        {
            if (outer is ILoopOperation && !variable.DeclaringSyntaxReferences.Any(place => outer.Syntax.Span.Contains(place.Span)))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsVariable(IOperation operation) => operation is ILocalReferenceOperation or IParameterReferenceOperation;

    // For the function itself and all that are declared inside, at whatever depth.
    private static Dictionary<ISymbol, UsePlaces> PlacesIn(ControlFlowGraph graph, ISymbol owner)
    {
        var all = new Dictionary<ISymbol, UsePlaces>(SymbolEqualityComparer.Default);
        Add(graph, owner);
        return all;

        void Add(ControlFlowGraph graph, ISymbol function)
        {
            all[function] = new UsePlaces(graph);
            foreach (var local in graph.LocalFunctions)
            {
                Add(graph.GetLocalFunctionControlFlowGraph(local), local);
            }
            foreach (var lambda in graph.Blocks.SelectMany(UsePlaces.Operations).OfType<IFlowAnonymousFunctionOperation>())
            {
                Add(graph.GetAnonymousFunctionControlFlowGraph(lambda), lambda.Symbol);
            }
        }
    }
}
