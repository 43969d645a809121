using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// Which .NET tasks and futures of threads of one body are finished for sure where they are asked for their result: those that an await gave, or that were in an await,
/// or asked whether they are done, or finished by their <c>TaskCompletionSource</c>, earlier in the text. Whether that is on every way is the reader's business: a warning at each
/// <c>await Task.WhenAny(a, b)</c> would teach to ignore it.
/// </summary>
/// <remarks>
/// A task, its copies, the collections it is put into or taken from, and what .NET makes of them (<c>Task.WhenAll</c>, a query) are taken for one,
/// and so are a future of a thread and the one of the loop that it is wrapped in: what is said of one is said of all. Cost: one pass over the body, made when a rule first asks.
/// </remarks>
internal sealed class FinishedTasks
{
    private static readonly HashSet<string> s_states = ["IsCompleted", "IsCompletedSuccessfully", "IsFaulted", "IsCanceled", "Status", "IsDone"];

    private static readonly HashSet<string> s_finishers = ["SetResult", "TrySetResult", "SetException", "TrySetException", "SetCanceled", "TrySetCanceled", "SetFromTask"];

    private readonly ISymbol _owner;
    private readonly ValueFlow _flow;
    private readonly Dictionary<ISymbol, ISymbol> _one = new(SymbolEqualityComparer.Default); // a tree for each: union-find
    private readonly Dictionary<ISymbol, List<(ISymbol Function, int Position)>> _known = new(SymbolEqualityComparer.Default);

    internal FinishedTasks(IEnumerable<IOperation> roots, ISymbol owner, ValueFlow flow)
    {
        _owner = owner;
        _flow = flow;
        var marks = new List<(ISymbol Variable, IOperation By)>();
        foreach (var operation in roots.SelectMany(static root => root.DescendantsAndSelf()))
        {
            Link(operation);
            marks.AddRange(ToldBy(operation).Select(variable => (variable, operation)));
        }
        foreach (var variable in _one.Keys.ToList())
        {
            _one[variable] = Find(variable); // from here on a search is one step
        }
        foreach (var (variable, by) in marks)
        {
            var one = Find(variable);
            if (!_known.TryGetValue(one, out var places))
            {
                _known.Add(one, places = []);
            }
            var function = Symbol(by) ?? FunctionOf(by, owner); // what runs after a task knows that for itself alone
            int position = by switch
            {
                IForEachLoopOperation loop => loop.Body.Syntax.SpanStart,
                IAnonymousFunctionOperation => by.Syntax.SpanStart,
                _ => by.Syntax.Span.End,
            };
            int known = places.FindIndex(place => SymbolEqualityComparer.Default.Equals(place.Function, function));
            if (known < 0)
            {
                places.Add((function, position));
            }
            else if (position < places[known].Position)
            {
                places[known] = (function, position);
            }
        }
    }

    /// <summary>True if a task is finished where <paramref name="use"/> asks for its result.</summary>
    internal bool Covers(IOperation? task, IOperation use)
    {
        if (task is null)
        {
            return false;
        }
        if (_flow.Origins(task).All(IsDoneByItself))
        {
            return true; // (await Task.WhenAny(...)).Result, Task.FromResult(1).Result
        }
        foreach (var variable in Holders(task))
        {
            if (_known.TryGetValue(Find(variable), out var places) && places.Exists(place => IsBefore(place, use)))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsDoneByItself(IOperation task) => task switch
    {
        IAwaitOperation => true,
        IInvocationOperation { TargetMethod: { Name: "FromResult" or "FromException" or "FromCanceled" } maker } => BlockingCalls.IsOfTask(maker),
        IPropertyReferenceOperation { Property: { Name: "CompletedTask" } property } => BlockingCalls.IsOfTask(property),
        _ => false,
    };

    // In the function of the use, or in one around it. A local function stands where it is called.
    private bool IsBefore((ISymbol Function, int Position) place, IOperation use)
    {
        int position = use.Syntax.SpanStart;
        for (var current = use; ; current = current.Parent)
        {
            if (SymbolEqualityComparer.Default.Equals(current is null ? _owner : Symbol(current), place.Function) && place.Position <= position)
            {
                return true;
            }
            switch (current)
            {
                case null:
                    return false;
                case ILocalFunctionOperation local when _flow.Namings(local.Symbol) is { Count: > 0 } namings:
                    position = namings.Max(static naming => naming.Syntax.SpanStart);
                    break;
                default:
                    break;
            }
        }
    }

    // What a query's lambda says, the function around it says.
    private static ISymbol FunctionOf(IOperation operation, ISymbol owner)
    {
        for (var current = operation.Parent; current is not null; current = current.Parent)
        {
            bool isOfQuery = current.Parent
                is IDelegateCreationOperation { Parent: IArgumentOperation { Parent: IInvocationOperation { TargetMethod: var taker } } argument }
                && Places.RunsDelegate(taker, argument);
            if (!isOfQuery && Symbol(current) is { } function)
            {
                return function;
            }
        }
        return owner;
    }

    private static ISymbol? Symbol(IOperation operation) => operation switch
    {
        IAnonymousFunctionOperation lambda => lambda.Symbol,
        ILocalFunctionOperation local => local.Symbol,
        _ => null,
    };

    // The variables that an operation says something of: an await, the question of a task's state, what an await gives.
    private static IEnumerable<ISymbol> ToldBy(IOperation operation) => operation switch
    {
        IAwaitOperation wait => Variables(wait.Operation),
        IInvocationOperation { TargetMethod: { Name: "Wait" or "WaitAll" } wait } call when BlockingCalls.IsOfTask(wait)
            => Holders(call.Instance).Concat(call.Arguments.SelectMany(static argument => Holders(argument.Value))), // wrong, but after it they are finished
        IInvocationOperation { Instance: { Type: { } type } source, TargetMethod.Name: var name } when IsSource(type) && s_finishers.Contains(name) => Holders(source),
        IPropertyReferenceOperation { Instance: { } task } state
            when s_states.Contains(state.Property.Name) && (BlockingCalls.IsOfTask(state.Property) || BlockingCalls.IsFuture(state.Property.ContainingType)) => Holders(task),
        IVariableDeclaratorOperation declarator when declarator.GetVariableInitializer()?.Value.Bare() is IAwaitOperation => [declarator.Symbol],
        ISimpleAssignmentOperation assignment when assignment.Value.Bare() is IAwaitOperation => Variables(assignment.Target),
        IForEachLoopOperation { IsAsynchronous: true } loop => Declared(loop.LoopControlVariable),
        IAnonymousFunctionOperation { Parent: IDelegateCreationOperation { Parent: IArgumentOperation { Parent: IInvocationOperation call } } } lambda
            => ToldToContinuation(lambda, call),
        _ => [],
    };

    // What runs after a task is given a finished one, or knows it: task.ContinueWith(t => ...), task.GetAwaiter().OnCompleted(() => ...), future.AddDoneCallback(f => ...).
    private static IEnumerable<ISymbol> ToldToContinuation(IAnonymousFunctionOperation lambda, IInvocationOperation call) => call.TargetMethod switch
    {
        { Name: "ContinueWith" or "ContinueWhenAny" or "ContinueWhenAll" } method when IsOfDotNet(method) => lambda.Symbol.Parameters,
        { Name: "OnCompleted" or "UnsafeOnCompleted" } method when IsOfDotNet(method) => Holders(call.Instance),
        { Name: "AddDoneCallback" } method when BlockingCalls.IsFuture(method.ContainingType) => lambda.Symbol.Parameters.Concat(Holders(call.Instance)),
        _ => [],
    };

    private void Link(IOperation operation)
    {
        switch (operation)
        {
            case IVariableDeclaratorOperation declarator when declarator.GetVariableInitializer() is { } initializer:
                Unite([declarator.Symbol], Holders(initializer.Value));
                break;
            case IAssignmentOperation assignment: // deconstruction too
                Unite(Declared(assignment.Target).Concat(Holders(assignment.Target)), Holders(assignment.Value));
                break;
            case IForEachLoopOperation loop:
                Unite(Declared(loop.LoopControlVariable), Holders(loop.Collection));
                break;
            case IDeclarationPatternOperation { DeclaredSymbol: { } symbol }:
                Unite([symbol], Holders(Matched(operation)));
                break;
            case IRecursivePatternOperation { DeclaredSymbol: { } symbol }:
                Unite([symbol], Holders(Matched(operation)));
                break;
            case IInvocationOperation call when IsOfDotNet(call.TargetMethod):
                Unite(call.Arguments.SelectMany(Given), Holders(call.Instance).Concat(call.Arguments.SelectMany(static argument => Holders(argument.Value)))); // tasks.Add(task)
                break;
            default:
                break;
        }
    }

    // What a call of .NET gives: a variable through 'out', and elements to a lambda.
    private static IEnumerable<ISymbol> Given(IArgumentOperation argument) => argument.Value.Bare() switch
    {
        IDelegateCreationOperation { Target: IAnonymousFunctionOperation lambda } => lambda.Symbol.Parameters,
        IDeclarationExpressionOperation declaration => Declared(declaration),
        _ => [],
    };

    private static IEnumerable<ISymbol> Declared(IOperation operation) => operation.DescendantsAndSelf().Select(static part => part switch
    {
        IVariableDeclaratorOperation declarator => declarator.Symbol,
        ILocalReferenceOperation { IsDeclaration: true } local => local.Local,
        _ => (ISymbol?)null,
    }).OfType<ISymbol>();

    // What a pattern looks at: the property it is the pattern of, or the value before 'is' or 'switch'.
    private static IOperation? Matched(IOperation pattern)
    {
        for (var outer = pattern.Parent; outer is not null; outer = outer.Parent)
        {
            switch (outer)
            {
                case IPropertySubpatternOperation property when property.Member != pattern:
                    return property.Member;
                case IIsPatternOperation test:
                    return test.Value;
                case ISwitchExpressionOperation choice:
                    return choice.Value;
                case ISwitchOperation choice:
                    return choice.Value;
                default:
                    break;
            }
            pattern = outer;
        }
        return null;
    }

    // The variables that a value is, or is made of as the remarks say.
    private static IEnumerable<ISymbol> Holders(IOperation? value)
    {
        switch (value?.Bare())
        {
            case null or IAwaitOperation or IAnonymousFunctionOperation or IDelegateCreationOperation:
                return [];
            case { Type: { } type } when !HoldsTasks(type):
                return [];
            case IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.PatternInput } input: // t is { IsCompleted: true, Result: 3 }
                return Holders(Matched(input.Parent!.Parent!.Parent!));
            case IInvocationOperation call when !IsOfDotNet(call.TargetMethod) && call.TargetMethod is not { Name: "WrapFuture", ContainingType.Name: "Asyncio" }:
                return call.TargetMethod.IsExtensionMethod && call.Instance is null ? Holders(call.Arguments.FirstOrDefault()?.Value) : [];
            case IPropertyReferenceOperation property:
                return OfTasks(property.Property, property.Type).Concat(Holders(property.Instance));
            case { } bare when bare.Variable() is { } variable:
                return OfTasks(variable, bare.Type);
            case { } other:
                return other.ChildOperations.SelectMany(Holders);
        }
    }

    private static IEnumerable<ISymbol> OfTasks(ISymbol variable, ITypeSymbol? type) => HoldsTasks(type) ? [variable] : [];

    // All inside, also in lambdas: await group.Run(async group => await task).
    private static IEnumerable<ISymbol> Variables(IOperation operation)
        => operation.DescendantsAndSelf().SelectMany(static part => part is not IConversionOperation && part.Variable() is { } variable ? OfTasks(variable, part.Type) : []);

    private static bool HoldsTasks(ITypeSymbol? type) => type switch
    {
        IArrayTypeSymbol array => HoldsTasks(array.ElementType),
        INamedTypeSymbol named
            => BlockingCalls.IsTask(named) || BlockingCalls.IsFuture(named) || BlockingCalls.IsAwaiter(named) || IsSource(named) || named.TypeArguments.Any(HoldsTasks)
                || HoldsTasks(named.ContainingType), // Dictionary<K, V>.ValueCollection
        _ => false,
    };

    private static bool IsSource(ITypeSymbol type) => type.Name == "TaskCompletionSource" && type.ContainingNamespace.IsOrIn("System");

    private static bool IsOfDotNet(IMethodSymbol method) => method.ContainingNamespace.IsOrIn("System");

    private void Unite(IEnumerable<ISymbol> some, IEnumerable<ISymbol> others)
    {
        ISymbol? first = null;
        foreach (var variable in some.Where(static each => HoldsTasks(TypeOf(each))).Concat(others))
        {
            first ??= variable;
            _one[Find(variable)] = Find(first);
        }
    }

    private static ITypeSymbol? TypeOf(ISymbol variable) => variable switch
    {
        ILocalSymbol local => local.Type,
        IParameterSymbol parameter => parameter.Type,
        IFieldSymbol field => field.Type,
        IPropertySymbol property => property.Type,
        _ => null,
    };

    private ISymbol Find(ISymbol variable)
    {
        while (_one.TryGetValue(variable, out var next) && !SymbolEqualityComparer.Default.Equals(next, variable))
        {
            variable = next;
        }
        return variable;
    }
}
