using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>Where code may run, as far as the source says.</summary>
[Flags]
internal enum Place
{
    /// <summary>Nothing is known.</summary>
    Unknown = 0,

    /// <summary>On the loop's thread: a coroutine, a callback, or what these call.</summary>
    Loop = 1,

    /// <summary>On a thread that is not the loop's.</summary>
    OtherThread = 2,
}

/// <summary>
/// Where the functions of one body run. A coroutine runs on the loop. A lambda, local function or method group runs where what takes it runs it: a
/// callback of the loop there, the work of <c>Task.Run</c> on another thread, the selector of a query where the query is; and a local function also where it is called.
/// </summary>
/// <param name="flow">The body's variables, for delegates that are kept in locals.</param>
/// <param name="owner">The method that the body is of.</param>
/// <param name="known">The types of AsyncioSharp.</param>
/// <param name="ofOwner">Where the method itself runs, if something else says that.</param>
internal sealed class Places(Lazy<ValueFlow> flow, ISymbol owner, KnownTypes known, Place ofOwner = Place.Unknown)
{
    private readonly ConcurrentDictionary<ISymbol, Place> _functions = new(SymbolEqualityComparer.Default);

    /// <summary>Where an operation runs.</summary>
    internal Place Of(IOperation operation)
    {
        for (var current = operation.Parent; current is not null; current = current.Parent)
        {
            switch (current)
            {
                case IAnonymousFunctionOperation lambda:
                    return Of(lambda.Symbol, () => TakenTo(lambda));
                case ILocalFunctionOperation local:
                    return Of(local.Symbol, () => flow.Value.Namings(local.Symbol).Aggregate(
                        Place.Unknown, (place, naming) => place | (naming is IInvocationOperation ? Of(naming) : TakenTo(naming))));
                default:
                    break;
            }
        }
        return known.IsCoroutineFunction(owner) ? Place.Loop : ofOwner;
    }

    /// <summary>Where the function in a delegate runs, by what takes the delegate.</summary>
    internal Place TakenTo(IOperation function)
    {
        var value = function;
        while (value.Parent is IDelegateCreationOperation or IConversionOperation or IParenthesizedOperation or IConditionalOperation or ICoalesceOperation
            or IArrayInitializerOperation or IArrayCreationOperation or ICollectionExpressionOperation)
        {
            value = value.Parent;
        }
        return value.Parent switch
        {
            IArgumentOperation { Parent: IInvocationOperation call } argument => ByCall(call, call.TargetMethod, call.Arguments, argument),
            IArgumentOperation { Parent: IObjectCreationOperation { Constructor: { } constructor } creation } argument
                => ByCall(creation, constructor, creation.Arguments, argument),
            IEventAssignmentOperation { EventReference: IEventReferenceOperation { Event: var source }, Adds: true } => Threads.Raises(source) ? Place.OtherThread : Place.Unknown,
            IInvocationOperation { TargetMethod.MethodKind: MethodKind.DelegateInvoke } call => Of(call),
            IConditionalAccessOperation { WhenNotNull: IInvocationOperation { TargetMethod.MethodKind: MethodKind.DelegateInvoke } } call => Of(call),
            _ when ValueFlow.CopiedTo(value) is { } local => Of(local, () => flow.Value.Reads(local).Aggregate(Place.Unknown, (place, read) => place | TakenTo(read))),
            _ => Place.Unknown,
        };
    }

    // Each function is asked about once; one that names itself adds nothing to its places.
    private Place Of(ISymbol function, Func<Place> find)
    {
        if (known.IsCoroutineFunction(function))
        {
            return Place.Loop;
        }
        if (!_functions.TryGetValue(function, out var place))
        {
            _functions[function] = Place.Unknown;
            _functions[function] = place = find();
        }
        return place;
    }

    private Place ByCall(IOperation call, IMethodSymbol method, IEnumerable<IArgumentOperation> arguments, IArgumentOperation argument)
    {
        if (Threads.Starts(method, (call as IInvocationOperation)?.Instance, arguments, flow))
        {
            return Place.OtherThread;
        }
        if (known.IsOurs(method))
        {
            return Threads.CallsBack(method) ? Place.Loop : method is { Name: "Run", ContainingType.Name: "Context" } ? Of(call) : Place.Unknown;
        }
        return RunsDelegate(method, argument) ? WhereEnumerated(call, method) : Place.Unknown;
    }

    /// <summary>
    /// True for a delegate that .NET's collections and queries call themselves, when they are gone through. What is an element of the collection they only keep:
    /// such a parameter is of the type that the collection is of, not of a delegate's.
    /// </summary>
    internal static bool RunsDelegate(IMethodSymbol method, IArgumentOperation argument)
        => argument.Parameter?.OriginalDefinition.Type.TypeKind == TypeKind.Delegate && IsCollectionOrQuery(method);

    private static bool IsCollectionOrQuery(IMethodSymbol method)
        => method.ContainingType is { Name: "Enumerable" or "Array" or "List" or "Dictionary" or "HashSet" or "SortedSet" or "ConcurrentDictionary" } type
            && type.ContainingNamespace.IsOrIn("System");

    // A query that is not gone through here may be anywhere.
    private Place WhereEnumerated(IOperation call, IMethodSymbol method)
    {
        if (!IsLazy(method))
        {
            return Of(call);
        }
        var value = call;
        while (value.Parent is IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }
        return value.Parent switch
        {
            IArgumentOperation { Parent: IInvocationOperation next, Parameter.OriginalDefinition.Type.TypeKind: not TypeKind.TypeParameter }
                when IsCollectionOrQuery(next.TargetMethod)
                => WhereEnumerated(next, next.TargetMethod),
            IArgumentOperation { Parent: IInvocationOperation next }
                when next.TargetMethod is { Name: "WhenAll" or "WhenAny" or "Join" or "Concat" or "AddRange" } taker
                    && taker.ContainingNamespace.IsOrIn("System")
                => Of(next),
            IArgumentOperation { Parent: IInvocationOperation next } when next.TargetMethod is { Name: "Gather" or "GatherOutcomes" or "Wait" } taker && known.IsOurs(taker)
                => Of(next),
            IForEachLoopOperation or ISpreadOperation => Of(value),
            _ => Place.Unknown,
        };
    }

    private static bool IsLazy(IMethodSymbol method)
        => method.ContainingType.Name == "Enumerable" && method.ReturnType is INamedTypeSymbol { Name: "IEnumerable" or "IOrderedEnumerable" };
}
