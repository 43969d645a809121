using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO002: a coroutine in a local or parameter that is certainly run a second time: awaited, made a task, or given to a function that does.
/// What happens on some paths only is not reported, nor is a variable that several functions share. A local that only ever is another name of a variable is
/// taken for that variable. See <see cref="UseFlow"/>.
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
            var references = root.Descendants().Where(operation => IsVariable(operation) && (known.IsCoroutine(operation.Type) || known.IsListOfCoroutines(operation.Type))).ToList();
            foreach (var same in references.GroupBy(reference => body.Flow.Original(reference.Variable()!), SymbolEqualityComparer.Default))
            {
                var functions = same.Select(reference => reference.Function(context.OwningSymbol)).Distinct(SymbolEqualityComparer.Default).ToList();
                if (same.Key is null or IParameterSymbol { RefKind: not RefKind.None } or ILocalSymbol { IsRef: true }
                    || functions.Count != 1 || functions[0] is not { } function
                    || !MayRepeat([.. same.Where(reference => UseFlow.IsUse(reference, known) || UseFlow.IsElementUse(reference, body))], same.Key, root))
                {
                    continue;
                }
                if (GraphOf(context.GetControlFlowGraph(root), function) is { } graph)
                {
                    var names = new HashSet<ISymbol>(same.Select(static reference => reference.Variable()!), SymbolEqualityComparer.Default);
                    foreach (var use in new UseFlow(graph, names, body).RepeatedUses())
                    {
                        context.ReportDiagnostic(Diagnostic.Create(Rules.RunTwice, use.Syntax.GetLocation(), use.Variable()!.Name));
                    }
                }
            }
        }
    }

    // Most coroutines are run in one place that is not in a loop. Of those no graph is made, which is what costs time here.
    private static bool MayRepeat(List<IOperation> uses, ISymbol variable, IOperation body)
        => uses.Count > 1 || (uses.Count == 1 && (IsInLoop(uses[0], variable) || body.Descendants().Any(static operation => operation is ILabeledOperation)));

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

    // The graph of a function that is declared, at whatever depth, in the one that the outer graph is of.
    private static ControlFlowGraph? GraphOf(ControlFlowGraph outer, ISymbol function)
    {
        if (outer.Parent is null && !IsNested(function))
        {
            return outer;
        }
        var inner = outer.LocalFunctions.Select(local => (Symbol: local, Graph: outer.GetLocalFunctionControlFlowGraph(local)))
            .Concat(outer.Blocks.SelectMany(Operations).OfType<IFlowAnonymousFunctionOperation>().Select(lambda => (lambda.Symbol, outer.GetAnonymousFunctionControlFlowGraph(lambda))));
        foreach (var (symbol, graph) in inner)
        {
            if ((SymbolEqualityComparer.Default.Equals(symbol, function) ? graph : GraphOf(graph, function)) is { } found)
            {
                return found;
            }
        }
        return null;
    }

    private static bool IsNested(ISymbol function) => function is IMethodSymbol { MethodKind: MethodKind.LocalFunction or MethodKind.AnonymousFunction };

    private static IEnumerable<IOperation> Operations(BasicBlock block)
        => (block.BranchValue is { } branch ? block.Operations.Add(branch) : block.Operations).SelectMany(static operation => operation.DescendantsAndSelf());
}
