using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO008: a lambda that is handed to another thread and there calls what belongs to the loop's: setters, <c>Cancel</c>, <c>CallSoon</c>,
/// <c>CreateTask</c>, <c>Release</c> and their like. A loop that the lambda makes or runs itself is that thread's own.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class OtherThreadAnalyzer() : PlaceAnalyzer(Rules.OtherThread, Place.OtherThread)
{
    private static readonly Dictionary<string, string[]> s_confined = new()
    {
        ["AsyncioSharp.Future"] = ["SetResult", "SetException", "Cancel", "AddDoneCallback", "RemoveDoneCallback"],
        ["AsyncioSharp.CoroutineTask"] = ["Uncancel"],
        ["AsyncioSharp.EventLoop"] = ["CallSoon", "CallLater", "CallAt", "CreateTask", "RunInExecutor", "Stop"],
        ["AsyncioSharp.Handle"] = ["Cancel"],
        ["AsyncioSharp.TaskGroup"] = ["CreateTask", "Cancel"],
        ["AsyncioSharp.TimeoutScope"] = ["Reschedule"],
        ["AsyncioSharp.CancelScope"] = ["Cancel"],
        ["AsyncioSharp.AsyncEvent"] = ["Set", "Clear"],
        ["AsyncioSharp.AsyncQueue"] = ["PutNowait", "GetNowait", "TaskDone", "Shutdown"],
        ["AsyncioSharp.AsyncLock"] = ["Release"],
        ["AsyncioSharp.AsyncSemaphore"] = ["Release"],
        ["AsyncioSharp.AsyncCondition"] = ["Notify", "NotifyAll", "Release"],
        ["AsyncioSharp.AsyncBarrier"] = ["Abort", "Reset"],
    };

    // Most calls are of none of these names.
    private static readonly HashSet<string> s_confinedNames = [.. s_confined.Values.SelectMany(static members => members)];

    private protected override Finding? Find(IOperation operation, Body body)
    {
        var (method, receiver) = operation switch
        {
            IInvocationOperation call => (call.TargetMethod, call.Instance),
            IMethodReferenceOperation reference => (reference.Method, reference.Instance),
            _ => default,
        };
        if (method is null || !s_confinedNames.Contains(method.Name) || !body.Known.IsOurs(method) || !s_confined.Lists(method)
            || !RunsThere(operation, body) || IsThreadsOwn(receiver, operation, body))
        {
            return null;
        }
        // The fix needs a loop to hand the call to: the receiver, or that of a future.
        string? kind = method.ContainingType.Is(body.Known.EventLoop) ? "loop" : method.ContainingType.Is(body.Known.Future) ? "future" : null;
        var properties = ImmutableDictionary<string, string?>.Empty;
        return new Finding(Questions.Name(method), null, kind is null ? properties : properties.Add("receiver", kind));
    }

    // Declared, assigned or run inside a function that the thread runs; or no variable at all, such as a call that gives the loop running there.
    // What comes in by a parameter was made elsewhere, and so was what is taken out of something that was.
    private static bool IsThreadsOwn(IOperation? receiver, IOperation use, Body body)
    {
        var functions = FunctionsOnThread(use, body).ToList();
        return Sources(receiver, functions, body.Flow, []).All(source => source.Variable() is not { } variable || functions.Exists(function => IsOwnOf(function, variable)));
    }

    private static IEnumerable<IOperation> FunctionsOnThread(IOperation use, Body body)
    {
        for (var current = use.Parent; current is not null; current = current.Parent)
        {
            if (current is IAnonymousFunctionOperation or ILocalFunctionOperation || (current is IMethodBodyOperation && body.Place == Place.OtherThread))
            {
                yield return current;
                if ((body.Places.TakenTo(current) & Place.OtherThread) != 0)
                {
                    yield break; // what is around it is not the thread's
                }
            }
        }
    }

    // What a value comes from, through locals of the functions and out of collections: a variable of outside, or none. That of a loop is what the loop belongs to.
    private static IEnumerable<IOperation> Sources(IOperation? value, List<IOperation> functions, ValueFlow flow, HashSet<IOperation> seen)
    {
        switch (value?.Bare())
        {
            case null:
                return [];
            case ILocalReferenceOperation { Local: var local } reference
                when seen.Add(reference) && functions.Exists(function => Declares(function, local))
                    && (flow.CollectionOf(local) is not null || flow.Writes(local).Count > 0):
                var from = flow.CollectionOf(local) is { } collection ? [collection] : flow.Writes(local);
                return from
                    .SelectMany(write => Sources(
                        write.Variable() is { } same && SymbolEqualityComparer.Default.Equals(same, local)
                            ? write.Ancestor<IInvocationOperation>()?.Instance : write,
                        functions,
                        flow,
                        seen))
                    .DefaultIfEmpty(reference);
            case IInvocationOperation call when call.TargetMethod.ContainingNamespace.IsOrIn("System"): // queue.Dequeue(), list.First()
                return Sources(call.Instance ?? call.Arguments.FirstOrDefault()?.Value, functions, flow, seen);
            case IArrayElementReferenceOperation element:
                return Sources(element.ArrayReference, functions, flow, seen);
            case IPropertyReferenceOperation { Instance: { } instance, Property: var property } when property.IsIndexer || property.Name == "Loop":
                return Sources(instance, functions, flow, seen);
            case { } other:
                return [other];
        }
    }

    private static bool IsOwnOf(IOperation function, ISymbol variable) => Declares(function, variable) || function.Descendants().Any(operation => operation switch
    {
        ISimpleAssignmentOperation assignment => SymbolEqualityComparer.Default.Equals(assignment.Target.Variable(), variable),
        IInvocationOperation { TargetMethod.Name: "RunForever" or "RunUntilComplete" } run => SymbolEqualityComparer.Default.Equals(run.Instance.Variable(), variable),
        _ => false,
    });

    private static bool Declares(IOperation function, ISymbol variable)
        => variable is ILocalSymbol && variable.DeclaringSyntaxReferences.Any(place => function.Syntax.Span.Contains(place.Span) && function.Syntax.SyntaxTree == place.SyntaxTree);
}
