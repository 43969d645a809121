using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>Which members run a function that they are given on another thread, and which on the loop.</summary>
internal static class Threads
{
    private static readonly Dictionary<string, string[]> s_starters = new()
    {
        ["System.Threading.Tasks.Task"] = ["Run", ".ctor", "ContinueWith"],
        ["System.Threading.Tasks.TaskFactory"] = ["StartNew", "ContinueWhenAll", "ContinueWhenAny"],
        ["System.Threading.Tasks.Parallel"] = ["For", "ForEach", "ForAsync", "ForEachAsync", "Invoke"],
        ["System.Threading.Thread"] = [".ctor"],
        ["System.Threading.Timer"] = [".ctor"],
        ["System.Threading.ThreadPool"] = ["QueueUserWorkItem", "UnsafeQueueUserWorkItem", "RegisterWaitForSingleObject"],
        ["System.Runtime.InteropServices.PosixSignalRegistration"] = ["Create"],
        ["AsyncioSharp.Asyncio"] = ["ToThread"],
        ["AsyncioSharp.EventLoop"] = ["RunInExecutor"],
        ["AsyncioSharp.Executor"] = ["Submit"],
        ["AsyncioSharp.ThreadPoolExecutor"] = ["Submit"],
        ["AsyncioSharp.ConcurrentFuture"] = ["Run"],
    };

    private static readonly Dictionary<string, string[]> s_events = new()
    {
        ["System.Timers.Timer"] = ["Elapsed"],
        ["System.IO.FileSystemWatcher"] = ["Changed", "Created", "Deleted", "Renamed", "Error"],
        ["System.Diagnostics.Process"] = ["Exited", "OutputDataReceived", "ErrorDataReceived"],
        ["System.Console"] = ["CancelKeyPress"],
        ["System.AppDomain"] = ["ProcessExit"],
    };

    private static readonly Dictionary<string, string[]> s_callers = new()
    {
        ["AsyncioSharp.EventLoop"] = ["CallSoon", "CallSoonThreadsafe", "CallLater", "CallAt"],
        ["AsyncioSharp.Future"] = ["AddDoneCallback"],
        ["AsyncioSharp.IFuture"] = ["AddDoneCallback"],
    };

    /// <summary>
    /// True if a method or constructor runs a function on another thread. With a scheduler of the caller's, or a factory that may have one, it runs where that says.
    /// </summary>
    /// <param name="method">The method or constructor.</param>
    /// <param name="receiver">What the method is called on; null for a constructor or a static method.</param>
    /// <param name="arguments">What it is given.</param>
    /// <param name="flow">The variables around the call, for a factory that is kept in one.</param>
    internal static bool Starts(IMethodSymbol method, IOperation? receiver, IEnumerable<IArgumentOperation> arguments, Lazy<ValueFlow> flow) => s_starters.Lists(method)
        && (Scheduler(arguments) is { } scheduler
            ? IsPool(scheduler)
            : receiver is null || method.ContainingType.Name != "TaskFactory" || flow.Value.Origins(receiver).All(IsOfPool));

    private static IOperation? Scheduler(IEnumerable<IArgumentOperation> arguments)
        => arguments.FirstOrDefault(static argument => argument.Parameter?.Type.Name == "TaskScheduler")?.Value;

    private static bool IsPool(IOperation scheduler) => scheduler.Bare() is IPropertyReferenceOperation { Property.Name: "Default" };

    // Task.Factory, or one that is made without a scheduler.
    private static bool IsOfPool(IOperation factory) => factory switch
    {
        IPropertyReferenceOperation { Property: { Name: "Factory" } property } => BlockingCalls.IsOfTask(property),
        IObjectCreationOperation { Type.Name: "TaskFactory" } creation => Scheduler(creation.Arguments) is not { } scheduler || IsPool(scheduler),
        _ => false,
    };

    /// <summary>True if handlers of an event run on another thread.</summary>
    internal static bool Raises(ISymbol source) => s_events.Lists(source);

    /// <summary>True if a method of AsyncioSharp has the loop call what it is given.</summary>
    internal static bool CallsBack(IMethodSymbol method) => s_callers.Lists(method);

    /// <summary>True if a table of types and members has a member, or the one that it comes from.</summary>
    internal static bool Lists(this Dictionary<string, string[]> table, ISymbol member)
    {
        for (var type = member.ContainingType; type is not null; type = type.BaseType)
        {
            if (table.TryGetValue(type.OriginalDefinition.ToDisplayString(Questions.PlainName), out string[]? members) && members.Contains(member.Name))
            {
                return true;
            }
        }
        return false;
    }
}
