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
public sealed class OtherThreadAnalyzer() : UsageAnalyzer(Rules.OtherThread)
{
    private static readonly Dictionary<string, string[]> s_starters = new()
    {
        ["System.Threading.Tasks.Task"] = ["Run"],
        ["System.Threading.Tasks.TaskFactory"] = ["StartNew"],
        ["System.Threading.Tasks.Parallel"] = ["For", "ForEach", "ForAsync", "ForEachAsync", "Invoke"],
        ["System.Threading.Thread"] = [".ctor"],
        ["System.Threading.Timer"] = [".ctor"],
        ["System.Threading.ThreadPool"] = ["QueueUserWorkItem", "UnsafeQueueUserWorkItem", "RegisterWaitForSingleObject"],
        ["AsyncioSharp.Asyncio"] = ["ToThread"],
        ["AsyncioSharp.EventLoop"] = ["RunInExecutor"],
        ["AsyncioSharp.Executor"] = ["Submit"],
        ["AsyncioSharp.ThreadPoolExecutor"] = ["Submit"],
        ["AsyncioSharp.ConcurrentFuture"] = ["Run"],
    };

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

    private protected override void Start(CompilationStartAnalysisContext start, KnownTypes known)
        => start.RegisterOperationAction(operation => OnInvocation(operation, known), OperationKind.Invocation);

    private static void OnInvocation(OperationAnalysisContext context, KnownTypes known)
    {
        var invocation = (IInvocationOperation)context.Operation;
        var method = invocation.TargetMethod;
        if (s_confinedNames.Contains(method.Name)
            && known.IsOurs(method)
            && Lists(s_confined, method)
            && Lambda(invocation) is { } lambda
            && StarterOf(lambda) is { } starter
            && Lists(s_starters, starter)
            && !IsThreadsOwn(invocation.Instance, lambda))
        {
            // The fix needs a loop to hand the call to: the receiver, or that of a future.
            string? receiver = method.ContainingType.Is(known.EventLoop) ? "loop" : method.ContainingType.Is(known.Future) ? "future" : null;
            var properties = ImmutableDictionary<string, string?>.Empty;
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.OtherThread, invocation.Syntax.GetLocation(), receiver is null ? properties : properties.Add("receiver", receiver), Questions.Name(method)));
        }
    }

    private static bool Lists(Dictionary<string, string[]> table, IMethodSymbol method)
    {
        for (var type = method.ContainingType; type is not null; type = type.BaseType)
        {
            if (table.TryGetValue(type.OriginalDefinition.ToDisplayString(Questions.PlainName), out string[]? members) && members.Contains(method.Name))
            {
                return true;
            }
        }
        return false;
    }

    private static IAnonymousFunctionOperation? Lambda(IOperation operation)
    {
        var current = operation.Parent;
        while (current is not (null or IAnonymousFunctionOperation or ILocalFunctionOperation))
        {
            current = current.Parent;
        }
        return current as IAnonymousFunctionOperation;
    }

    // The method or constructor that the lambda is an argument of.
    private static IMethodSymbol? StarterOf(IAnonymousFunctionOperation lambda)
    {
        var current = lambda.Parent;
        while (current is IDelegateCreationOperation or IConversionOperation or IParenthesizedOperation)
        {
            current = current.Parent;
        }
        return (current as IArgumentOperation)?.Parent switch
        {
            IInvocationOperation call => call.TargetMethod,
            IObjectCreationOperation creation => creation.Constructor,
            _ => null,
        };
    }

    // Declared, assigned or run inside the lambda; or no variable at all, such as a call that gives the loop running there. What comes in by a parameter
    // was made elsewhere.
    private static bool IsThreadsOwn(IOperation? receiver, IAnonymousFunctionOperation lambda)
    {
        while (receiver?.Bare() is IPropertyReferenceOperation { Instance: { } inner } property && property.Property.Name == "Loop")
        {
            receiver = inner;
        }
        if (receiver.Variable() is not { } variable)
        {
            return true;
        }
        return variable.DeclaringSyntaxReferences.Any(place => variable is ILocalSymbol && lambda.Syntax.Span.Contains(place.Span) && lambda.Syntax.SyntaxTree == place.SyntaxTree)
            || lambda.Descendants().Any(operation => operation switch
            {
                ISimpleAssignmentOperation assignment => SymbolEqualityComparer.Default.Equals(assignment.Target.Variable(), variable),
                IInvocationOperation { TargetMethod.Name: "RunForever" or "RunUntilComplete" } run => SymbolEqualityComparer.Default.Equals(run.Instance.Variable(), variable),
                _ => false,
            });
    }
}
