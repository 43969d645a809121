using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// Follows one variable, under all its names, through the control flow of one function and finds the places where the coroutine in it is certainly run again. A place
/// counts if every way to it has run the coroutine; in a loop, if every way through one round has, and the loop does not give it a new one.
/// </summary>
/// <remarks>
/// A list of coroutines is run by what takes it whole, such as <c>Gather</c>; then its elements must not be run. What might change the list proves nothing.
/// A handler is reached from every operation of its <c>try</c> that may throw. Going through a <c>finally</c> that mentions the variable is taken
/// to prove nothing. Cost: a few passes over the blocks between the variable's first and last mention, and over the loops around its uses.
/// </remarks>
internal sealed class UseFlow(UsePlaces places, ISet<ISymbol> names, Body body)
{
    private static readonly HashSet<string> s_takers =
    [
        "CreateTask", "EnsureFuture", "Gather", "GatherOutcomes", "Wait", "WaitFor", "Shield", "AsCompleted", "Run", "RunUntilComplete", "RunCoroutineThreadsafe",
    ];

    private enum State
    {
        Unreached, // no way leads here, as far as is known yet
        Used,      // every way here has run the coroutine
        Open,      // some way has not, or it is not known
    }

    /// <summary>True if a reference to a variable runs the coroutine in it.</summary>
    internal static bool IsUse(IOperation reference, KnownTypes known) => Taken(reference).Parent switch
    {
        IAwaitOperation => true,
        IArgumentOperation { Parent: IInvocationOperation call } => known.IsOurs(call.TargetMethod) && s_takers.Contains(call.TargetMethod.Name),
        IArgumentOperation { Parent: IObjectCreationOperation { Constructor: { } constructor } } => known.IsOurs(constructor) && constructor.ContainingType.Is(known.Future),
        _ => false,
    };

    // The reference with the collections and conversions around it, as an await or a call takes it.
    private static IOperation Taken(IOperation reference)
    {
        while (reference.Parent is IConversionOperation or IParenthesizedOperation or ICollectionExpressionOperation
            or ISpreadOperation or IArrayInitializerOperation or IArrayCreationOperation)
        {
            reference = reference.Parent;
        }
        return reference;
    }

    /// <summary>True if a reference to a list is for an element that is run: <c>await all[0]</c>, or a <c>foreach</c> that awaits.</summary>
    internal static bool IsElementUse(IOperation reference, Body body)
    {
        if (!body.Known.IsListOfCoroutines(reference.Type))
        {
            return false;
        }
        return reference.Parent is IArrayElementReferenceOperation or IPropertyReferenceOperation { Property.IsIndexer: true }
            ? IsUse(reference.Parent, body.Known)
            : body.Flow.ElementsOf(reference.Syntax) is { } element && body.Flow.Reads(element).Any(read => IsUse(read, body.Known));
    }

    /// <summary>The references that run the coroutine although it was run before.</summary>
    internal IReadOnlyCollection<IOperation> RepeatedUses()
    {
        var found = new HashSet<IOperation>();
        // Before the first mention nothing is known, and behind the last there is nothing to find.
        var (first, last) = places.SpanOf(names);
        Follow(first, last, State.Open, found, isWholeLoop: false);
        foreach (var loop in places.Loops.Where(loop => loop.First <= last && first <= loop.Last && !places.IsDeclaredIn(loop, names)))
        {
            if (Follow(loop.First, loop.Last, State.Open, null, isWholeLoop: true) == State.Used)
            {
                Follow(loop.First, loop.Last, State.Used, found, isWholeLoop: true);
            }
        }
        return found;
    }

    // Runs until nothing changes any more; states only go from Unreached over Used to Open. Gives the state on jumps back to the first block.
    private State Follow(int first, int last, State initial, HashSet<IOperation>? found, bool isWholeLoop)
    {
        var before = new State[last - first + 1];
        for (int i = first; i <= last && !isWholeLoop; i++)
        {
            before[i - first] = places.IsEnteredFromOutside(i, first, last) ? State.Open : State.Unreached;
        }
        before[0] = initial;
        var back = State.Unreached;
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = first; i <= last; i++)
            {
                if (before[i - first] == State.Unreached)
                {
                    continue;
                }
                var block = places.Graph.Blocks[i];
                var thrown = State.Unreached;
                var after = Through(block, before[i - first], ref thrown, null);
                foreach (int handler in UsePlaces.Handlers(block))
                {
                    changed |= Join(before, handler - first, thrown);
                }
                foreach (var jump in new[] { block.FallThroughSuccessor, block.ConditionalSuccessor })
                {
                    if (jump is null || !UsePlaces.IsTaken(jump))
                    {
                        continue;
                    }
                    var arriving = after;
                    foreach (var region in jump.FinallyRegions)
                    {
                        changed |= Join(before, region.FirstBlockOrdinal - first, after);
                        arriving = Mentions(region) ? State.Open : arriving;
                    }
                    if (jump.Destination is not { } next || next.Ordinal < first || next.Ordinal > last)
                    {
                        continue;
                    }
                    if (next.Ordinal == first)
                    {
                        back = Meet(back, arriving);
                    }
                    else
                    {
                        changed |= Join(before, next.Ordinal - first, arriving);
                    }
                }
            }
        }
        if (found is not null)
        {
            for (int i = first; i <= last; i++)
            {
                var ignored = State.Unreached;
                if (before[i - first] != State.Unreached)
                {
                    Through(places.Graph.Blocks[i], before[i - first], ref ignored, found);
                }
            }
        }
        return back;
    }

    private State Through(BasicBlock block, State state, ref State thrown, HashSet<IOperation>? found)
    {
        IOperation? latestCall = null; // a function that is given the same coroutine twice, such as Gather, runs it once
        foreach (var operation in UsePlaces.Operations(block))
        {
            if (IsReference(operation))
            {
                if (IsUse(operation, body.Known))
                {
                    var call = Taken(operation).Parent as IArgumentOperation;
                    if (state == State.Used && (call is null || call.Parent != latestCall))
                    {
                        found?.Add(operation);
                    }
                    state = State.Used;
                    latestCall = call?.Parent;
                }
                else if (IsElementUse(operation, body))
                {
                    if (state == State.Used)
                    {
                        found?.Add(operation);
                    }
                }
                else if (!IsRead(operation) && !IsNaming(operation))
                {
                    state = State.Open; // assigned, or handed out by reference
                }
            }
            else if (MayThrow(operation))
            {
                thrown = Meet(thrown, state);
            }
        }
        return state;
    }

    private bool IsReference(IOperation operation) => operation is ILocalReferenceOperation or IParameterReferenceOperation && names.Contains(operation.Variable()!);

    // 'var other = variable' changes nothing.
    private bool IsNaming(IOperation reference)
        => reference.Parent is ISimpleAssignmentOperation assignment && assignment.Target == reference && IsReference(assignment.Value.Bare());

    private bool IsRead(IOperation reference) => reference.Parent switch
    {
        IInvocationOperation or IArgumentOperation when body.Known.IsListOfCoroutines(reference.Type) => false, // all.Clear()
        IArrayElementReferenceOperation or IPropertyReferenceOperation { Property.IsIndexer: true } => IsRead(reference.Parent), // else another coroutine is put there
        ISimpleAssignmentOperation assignment => assignment.Target != reference,
        IAssignmentOperation or IFlowCaptureOperation or ITupleOperation or IDeclarationExpressionOperation or IAddressOfOperation => false,
        IArgumentOperation argument => argument.Parameter?.RefKind is not (RefKind.Ref or RefKind.Out),
        _ => true,
    };

    private static bool MayThrow(IOperation operation) => operation is not (ILocalReferenceOperation or IParameterReferenceOperation or IInstanceReferenceOperation
        or ILiteralOperation or IExpressionStatementOperation or IArgumentOperation or IFlowCaptureOperation or IFlowCaptureReferenceOperation or IDiscardOperation
        or ISimpleAssignmentOperation { Target: ILocalReferenceOperation or IParameterReferenceOperation or IDiscardOperation });

    private bool Mentions(ControlFlowRegion region)
    {
        for (int i = region.FirstBlockOrdinal; i <= region.LastBlockOrdinal; i++)
        {
            if (UsePlaces.Operations(places.Graph.Blocks[i]).Any(IsReference))
            {
                return true;
            }
        }
        return false;
    }

    private static bool Join(State[] states, int block, State state)
    {
        if (block < 0 || block >= states.Length)
        {
            return false; // outside of what is followed
        }
        var joined = Meet(states[block], state);
        bool changed = joined != states[block];
        states[block] = joined;
        return changed;
    }

    private static State Meet(State one, State other) => one > other ? one : other;
}
