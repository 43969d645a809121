using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// What the variables of one body hold: every value that is written into a local or parameter, every place that reads it, and every place that
/// names a local function. Order and branches are not looked at: what may be in a variable at some time counts as in it.
/// </summary>
/// <remarks>Cost: one pass over the body, made when a rule first asks.</remarks>
internal sealed class ValueFlow
{
    private readonly Dictionary<ISymbol, List<IOperation>> _writes = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, List<IOperation>> _reads = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, IOperation> _collections = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<SyntaxNode, ISymbol> _elements = [];
    private readonly Dictionary<ISymbol, List<IOperation>> _namings = new(SymbolEqualityComparer.Default);

    internal ValueFlow(IEnumerable<IOperation> roots)
    {
        foreach (var operation in roots.SelectMany(static root => root.DescendantsAndSelf()))
        {
            switch (operation)
            {
                case IVariableDeclaratorOperation declarator when declarator.GetVariableInitializer() is { } initializer:
                    Add(_writes, declarator.Symbol, initializer.Value);
                    break;
                case IForEachLoopOperation loop:
                    foreach (var local in loop.Locals)
                    {
                        _collections[local] = loop.Collection;
                        _elements[loop.Collection.Bare().Syntax] = local;
                    }
                    break;
                case ILocalReferenceOperation or IParameterReferenceOperation:
                    Reference(operation, operation.Variable()!);
                    break;
                case IInvocationOperation { TargetMethod: { MethodKind: MethodKind.LocalFunction } local }:
                    Add(_namings, local.OriginalDefinition, operation);
                    break;
                case IMethodReferenceOperation { Method: { MethodKind: MethodKind.LocalFunction } local }:
                    Add(_namings, local.OriginalDefinition, operation);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>The locals and parameters that something is written into.</summary>
    internal IEnumerable<ISymbol> Written => _writes.Keys;

    /// <summary>What is written into a variable. A write whose value is not at hand, such as through <c>out</c>, counts as the reference itself.</summary>
    internal IReadOnlyList<IOperation> Writes(ISymbol variable) => Of(_writes, variable);

    /// <summary>Where a variable is read.</summary>
    internal IReadOnlyList<IOperation> Reads(ISymbol variable) => Of(_reads, variable);

    /// <summary>What a <c>foreach</c> takes a variable's values from; null for other variables.</summary>
    internal IOperation? CollectionOf(ISymbol variable) => _collections.TryGetValue(variable, out var collection) ? collection : null;

    /// <summary>The variable that a <c>foreach</c> over this expression has; null for any other.</summary>
    internal ISymbol? ElementsOf(SyntaxNode collection) => _elements.TryGetValue(collection, out var variable) ? variable : null;

    /// <summary>Where a local function is called or made a delegate.</summary>
    internal IReadOnlyList<IOperation> Namings(IMethodSymbol localFunction) => Of(_namings, localFunction.OriginalDefinition);

    /// <summary>Where a value may come from, seen through locals, <c>?:</c>, <c>??</c> and <c>switch</c>; what is no local is its own origin.</summary>
    internal IEnumerable<IOperation> Origins(IOperation value) => Origins(value, []);

    /// <summary>True if a local's value is only copied from local to local, and no copy is used.</summary>
    internal bool IsUnused(ISymbol local) => IsUnused(local, new HashSet<ISymbol>(SymbolEqualityComparer.Default));

    /// <summary>The variable that a local is another name of all its life: it is written once, from one that is not written again. Otherwise itself.</summary>
    internal ISymbol Original(ISymbol variable)
    {
        while (variable is ILocalSymbol && Writes(variable) is { Count: 1 } writes
            && writes[0] is var only && only.Bare() is ILocalReferenceOperation or IParameterReferenceOperation
            && only.Variable() is { } source && !SymbolEqualityComparer.Default.Equals(source, variable)
            && Writes(source).Count == (source is IParameterSymbol ? 0 : 1))
        {
            variable = source;
        }
        return variable;
    }

    /// <summary>The local that a read hands its value to, as it is; null if it does anything else with it.</summary>
    internal static ILocalSymbol? CopiedTo(IOperation read)
    {
        while (read.Parent is IConversionOperation { OperatorMethod: null } or IParenthesizedOperation)
        {
            read = read.Parent;
        }
        return read.Parent switch
        {
            IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator } => declarator.Symbol,
            ISimpleAssignmentOperation { Target: ILocalReferenceOperation target, Parent: IExpressionStatementOperation } assignment when assignment.Value == read => target.Local,
            _ => null,
        };
    }

    private void Reference(IOperation reference, ISymbol variable)
    {
        switch (reference.Parent)
        {
            case ISimpleAssignmentOperation assignment when assignment.Target == reference:
                Add(_writes, variable, assignment.Value);
                if (assignment.Parent is not IExpressionStatementOperation)
                {
                    Add(_reads, variable, reference); // its value is used: return variable = ...
                }
                break;
            case ICoalesceAssignmentOperation assignment when assignment.Target == reference:
                Add(_writes, variable, assignment.Value);
                Add(_reads, variable, reference);
                break;
            case IArgumentOperation { Parameter.RefKind: RefKind.Ref or RefKind.Out }:
                Add(_writes, variable, reference);
                Add(_reads, variable, reference);
                break;
            default:
                if (DeconstructedInto(reference) is { } value)
                {
                    Add(_writes, variable, value);
                }
                else
                {
                    Add(_reads, variable, reference);
                }
                break;
        }
    }

    // The part of the right side that goes into a variable on the left side of '(a, b) = ...', or the reference if the right side is not written out.
    private static IOperation? DeconstructedInto(IOperation reference)
    {
        var path = new Stack<int>();
        var current = reference;
        for (; current.Parent is ITupleOperation or IDeclarationExpressionOperation; current = current.Parent)
        {
            if (current.Parent is ITupleOperation tuple)
            {
                path.Push(tuple.Elements.IndexOf(current));
            }
        }
        if (current.Parent is not IDeconstructionAssignmentOperation assignment || assignment.Target != current)
        {
            return current is IDeclarationExpressionOperation ? reference : null;
        }
        var value = assignment.Value.Bare();
        foreach (int index in path)
        {
            if (value is not ITupleOperation tuple)
            {
                return reference;
            }
            value = tuple.Elements[index].Bare();
        }
        return value;
    }

    private IEnumerable<IOperation> Origins(IOperation value, HashSet<IOperation> seen)
    {
        value = value.Bare();
        if (!seen.Add(value))
        {
            return [];
        }
        return value switch
        {
            ILocalReferenceOperation { Local: var local } when Writes(local) is { Count: > 0 } writes => writes.SelectMany(write => Origins(write, seen)),
            IConditionalOperation { WhenFalse: { } other } choice => Origins(choice.WhenTrue, seen).Concat(Origins(other, seen)),
            ICoalesceOperation choice => Origins(choice.Value, seen).Concat(Origins(choice.WhenNull, seen)),
            ISwitchExpressionOperation choice => choice.Arms.SelectMany(arm => Origins(arm.Value, seen)),
            _ => [value],
        };
    }

    private bool IsUnused(ISymbol local, HashSet<ISymbol> seen)
        => !seen.Add(local) || Reads(local).All(read => CopiedTo(read) is { IsRef: false } copy && IsUnused(copy, seen));

    private static void Add(Dictionary<ISymbol, List<IOperation>> table, ISymbol symbol, IOperation operation)
    {
        if (!table.TryGetValue(symbol, out var list))
        {
            table.Add(symbol, list = []);
        }
        list.Add(operation);
    }

    private static List<IOperation> Of(Dictionary<ISymbol, List<IOperation>> table, ISymbol symbol) => table.TryGetValue(symbol, out var list) ? list : [];
}
