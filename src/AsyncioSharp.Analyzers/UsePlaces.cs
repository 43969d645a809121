using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// The control flow of one function as <see cref="UseFlow"/> looks at it: its loops, and between which blocks each variable is mentioned. Found once
/// for all variables.
/// </summary>
internal sealed class UsePlaces
{
    private readonly Dictionary<ISymbol, (int First, int Last)> _spans = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, ControlFlowRegion> _declared = new(SymbolEqualityComparer.Default);

    internal UsePlaces(ControlFlowGraph graph)
    {
        Graph = graph;
        Loops = [.. from block in graph.Blocks
                    from jump in block.Predecessors
                    where jump.Source.Ordinal >= block.Ordinal && block.IsReachable && jump.Source.IsReachable && IsTaken(jump)
                    group jump.Source.Ordinal by block.Ordinal into loop
                    select (loop.Key, loop.Max())];
        foreach (var block in graph.Blocks)
        {
            foreach (var variable in Operations(block)
                .Where(static operation => operation is ILocalReferenceOperation or IParameterReferenceOperation)
                .Select(static operation => operation.Variable()!))
            {
                _spans[variable] = _spans.TryGetValue(variable, out var span) ? (span.First, block.Ordinal) : (block.Ordinal, block.Ordinal);
            }
        }
        Declare(graph.Root);
    }

    internal ControlFlowGraph Graph { get; }

    /// <summary>From the block where each round begins to the last that jumps back to it. Blocks are numbered in the order of the source.</summary>
    internal IReadOnlyList<(int First, int Last)> Loops { get; }

    /// <summary>The blocks between which a variable is mentioned under any of its names.</summary>
    internal (int First, int Last) SpanOf(IEnumerable<ISymbol> names)
    {
        var spans = names.Where(_spans.ContainsKey).Select(name => _spans[name]).ToList();
        return (spans.Min(static span => span.First), spans.Max(static span => span.Last));
    }

    /// <summary>True if each round of a loop has a variable of its own.</summary>
    internal bool IsDeclaredIn((int First, int Last) loop, IEnumerable<ISymbol> names)
        => names.All(name => _declared.TryGetValue(name, out var region) && region.FirstBlockOrdinal >= loop.First && region.LastBlockOrdinal <= loop.Last);

    /// <summary>True if a way leads into a block from outside of some blocks: by a jump, or as the handler of a <c>try</c> that begins or ends out there.</summary>
    internal bool IsEnteredFromOutside(int ordinal, int first, int last)
    {
        var block = Graph.Blocks[ordinal];
        if (block.Predecessors.Any(jump => jump.Source.IsReachable && (jump.Source.Ordinal < first || jump.Source.Ordinal > last)))
        {
            return true;
        }
        for (var region = block.EnclosingRegion;
            region is { Kind: not ControlFlowRegionKind.Root, EnclosingRegion: { } outer } && region.FirstBlockOrdinal == ordinal;
            region = outer)
        {
            if (region.Kind != ControlFlowRegionKind.Try && outer.Kind is ControlFlowRegionKind.TryAndCatch or ControlFlowRegionKind.TryAndFinally
                && (outer.FirstBlockOrdinal < first || outer.LastBlockOrdinal > last))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>False for a jump that a constant condition rules out, such as the one back from <c>while (false)</c>.</summary>
    internal static bool IsTaken(ControlFlowBranch jump) => jump.Source is not { BranchValue.ConstantValue: { HasValue: true, Value: bool value }, ConditionKind: var kind }
        || kind == ControlFlowConditionKind.None
        || jump.IsConditionalSuccessor == (value == (kind == ControlFlowConditionKind.WhenTrue));

    /// <summary>Where the handlers around a block begin.</summary>
    internal static IEnumerable<int> Handlers(BasicBlock block)
    {
        for (var region = block.EnclosingRegion; region is { Kind: not ControlFlowRegionKind.Root }; region = region.EnclosingRegion) // that of a lambda stands in another graph
        {
            if (region is { Kind: ControlFlowRegionKind.Try, EnclosingRegion: { } attempt })
            {
                foreach (var handler in attempt.NestedRegions.Where(static nested => nested.Kind != ControlFlowRegionKind.Try))
                {
                    yield return handler.FirstBlockOrdinal;
                }
            }
        }
    }

    /// <summary>In the order of evaluation: what an operation needs comes before it. An assignment's target comes last, as it changes after the rest.</summary>
    internal static IEnumerable<IOperation> Operations(BasicBlock block)
        => (block.BranchValue is { } branch ? block.Operations.Add(branch) : block.Operations).SelectMany(Evaluated);

    private static IEnumerable<IOperation> Evaluated(IOperation operation)
    {
        var parts = operation is ISimpleAssignmentOperation assignment ? [assignment.Value, assignment.Target] : operation.ChildOperations.AsEnumerable();
        return parts.SelectMany(Evaluated).Append(operation);
    }

    private void Declare(ControlFlowRegion region)
    {
        foreach (var local in region.Locals)
        {
            _declared[local] = region;
        }
        foreach (var nested in region.NestedRegions)
        {
            Declare(nested);
        }
    }
}
