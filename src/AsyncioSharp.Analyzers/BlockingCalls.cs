using Microsoft.CodeAnalysis;

namespace AsyncioSharp.Analyzers;

/// <summary>What is known to block a thread, and what to write instead. Reads symbols only.</summary>
internal static class BlockingCalls
{
    /// <summary>The key under which a diagnostic tells its fix what to do.</summary>
    internal const string FixKey = "fix";

    /// <summary>Calls of these types' members wait, whatever their arguments. Members with an <c>Async</c> twin in .NET's own IO need no entry.</summary>
    private static readonly Dictionary<string, (string[] Members, string Instead)> s_waits = new()
    {
        ["System.Threading.Thread"] = (["Sleep", "Join"], "await Asyncio.Sleep, or what the thread gives"),
        ["System.Threading.Monitor"] = (["Enter", "TryEnter", "Wait"], "use AsyncLock, or nothing: between two awaits no other task runs"),
        ["System.Threading.Lock"] = (["Enter", "EnterScope", "TryEnter"], "use AsyncLock, or nothing: between two awaits no other task runs"),
        ["System.Threading.SpinLock"] = (["Enter", "TryEnter"], "use AsyncLock, or nothing: between two awaits no other task runs"),
        ["System.Threading.Tasks.Task"] = (["Wait", "WaitAll", "WaitAny"], "await the task"),
        ["System.Threading.Tasks.Parallel"] = (["For", "ForEach", "Invoke"], "await Asyncio.ToThread"),
        ["System.Threading.WaitHandle"] = (["WaitOne", "WaitAll", "WaitAny"], "await a future, or use Asyncio.ToThread"),
        ["System.Threading.ManualResetEventSlim"] = (["Wait"], "await an AsyncEvent"),
        ["System.Threading.SemaphoreSlim"] = (["Wait"], "await WaitAsync, or use AsyncSemaphore"),
        ["System.Threading.CountdownEvent"] = (["Wait"], "await a future"),
        ["System.Threading.Barrier"] = (["SignalAndWait"], "await a future"),
        ["System.Threading.SpinWait"] = (["SpinUntil"], "await a future"),
        ["System.Threading.ReaderWriterLock"] = (["AcquireReaderLock", "AcquireWriterLock"], "use AsyncLock"),
        ["System.Threading.ReaderWriterLockSlim"] = (
            ["EnterReadLock", "EnterWriteLock", "EnterUpgradeableReadLock", "TryEnterReadLock", "TryEnterWriteLock", "TryEnterUpgradeableReadLock"],
            "use AsyncLock"),
        ["System.Collections.Concurrent.BlockingCollection"] = (["Take", "TryTake", "Add", "TryAdd", "GetConsumingEnumerable"], "use AsyncQueue"),
        ["System.Console"] = (["Read", "ReadLine", "ReadKey"], "await Asyncio.ToThread"),
        ["System.Diagnostics.Process"] = (["WaitForExit"], "await WaitForExitAsync"),
        ["AsyncioSharp.ConcurrentFuture"] = (["Result", "Exception"], "await Asyncio.WrapFuture"),
    };

    // Most calls are of none of these names, and are told from them without looking at their types.
    private static readonly HashSet<string> s_waitNames = [.. s_waits.Values.SelectMany(static entry => entry.Members)];

    /// <summary>These look like IO but work in memory.</summary>
    private static readonly string[] s_inMemory = ["System.IO.MemoryStream", "System.IO.StringReader", "System.IO.StringWriter", "System.IO.UnmanagedMemoryStream"];

    /// <summary>These have a twin but as good as never wait: what they look at was read with the row.</summary>
    private static readonly string[] s_quick = ["Dispose", "Close", "IsDBNull", "GetFieldValue"];

    /// <summary>True for .NET's tasks.</summary>
    internal static bool IsTask(ITypeSymbol type)
        => type.Name is "Task" or "ValueTask"
            && type.ContainingNamespace is { Name: "Tasks", ContainingNamespace: { Name: "Threading", ContainingNamespace.Name: "System" } };

    /// <summary>True for the awaiters of .NET's tasks, configured or not.</summary>
    internal static bool IsAwaiter(ITypeSymbol type)
        => type.Name is "TaskAwaiter" or "ValueTaskAwaiter" or "ConfiguredTaskAwaiter" or "ConfiguredValueTaskAwaiter" && type.ContainingNamespace is { Name: "CompilerServices" };

    /// <summary>True for the futures of AsyncioSharp, of a loop or of a thread.</summary>
    internal static bool IsFuture(ITypeSymbol? type)
    {
        for (; type is not null; type = type.BaseType)
        {
            if (type.Name is "ConcurrentFuture" or "Future" or "IFuture" && type.ContainingNamespace.IsOrIn("AsyncioSharp"))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>True for a member of .NET's tasks.</summary>
    internal static bool IsOfTask(ISymbol member) => IsTask(member.ContainingType);

    /// <summary>True for <c>Result</c> of a .NET task, or <c>GetResult</c> of its awaiter: harmless if the task is done.</summary>
    internal static bool TakesResult(ISymbol member) => member switch
    {
        IPropertySymbol { Name: "Result" } => IsOfTask(member),
        IMethodSymbol { Name: "GetResult" } => IsAwaiter(member.ContainingType),
        _ => false,
    };

    /// <summary>What to write instead of a method that waits; null if it is not known to.</summary>
    internal static string? WaitInstead(IMethodSymbol method)
    {
        for (var type = s_waitNames.Contains(method.Name) ? method.ContainingType : null; type is not null; type = type.BaseType)
        {
            string name = type.OriginalDefinition.ToDisplayString(Questions.PlainName);
            if (s_waits.TryGetValue(name, out var entry) && entry.Members.Contains(method.Name))
            {
                return entry.Instead;
            }
        }
        return null;
    }

    /// <summary>The awaitable twin of a method of .NET's IO; null if it has none, or works in memory.</summary>
    /// <param name="method">The method that is called.</param>
    /// <param name="receiver">The type it is called on; null for a static method.</param>
    internal static IMethodSymbol? Twin(IMethodSymbol method, ITypeSymbol? receiver)
    {
        if (!IsIO(method.ContainingType) || s_quick.Contains(method.Name) || IsInMemory(receiver))
        {
            return null;
        }
        // The console's writers are plain TextWriters, have an asynchronous face for form's sake, and are as good as never slow.
        if (receiver.IsNamed("System.IO.TextWriter"))
        {
            return null;
        }
        for (var type = receiver ?? method.ContainingType; type is not null; type = type.BaseType)
        {
            foreach (var member in type.GetMembers(method.Name + "Async"))
            {
                if (member is IMethodSymbol { DeclaredAccessibility: Accessibility.Public } twin
                    && twin.IsStatic == method.IsStatic
                    && (twin.ReturnType.IsNamed("System.Threading.Tasks.Task") || twin.ReturnType.IsNamed("System.Threading.Tasks.ValueTask")
                        || twin.ReturnType.IsNamed("System.Collections.Generic.IAsyncEnumerable")))
                {
                    return twin;
                }
            }
        }
        return null;
    }

    // Where a method with an Async twin is slow IO; elsewhere the twin may be there for other reasons. Asked of nearly every call, so without making texts
    // of names.
    private static bool IsIO(INamedTypeSymbol type)
    {
        var inner = type.ContainingNamespace;
        var outer = inner?.ContainingNamespace;
        while (outer is { IsGlobalNamespace: false, ContainingNamespace: { IsGlobalNamespace: false } further })
        {
            (inner, outer) = (outer, further);
        }
        return (outer is null or { IsGlobalNamespace: true } ? inner?.Name : outer.Name) switch
        {
            "System" => inner!.Name is "IO" or "Net" or "Data" or "Diagnostics",
            "Microsoft" => inner!.Name is "Data",
            "Npgsql" => true,
            _ => false,
        };
    }

    /// <summary>True for a stream, reader or writer that works in memory.</summary>
    internal static bool IsInMemory(ITypeSymbol? type)
    {
        for (; type is not null; type = type.BaseType)
        {
            if (s_inMemory.Any(type.IsNamed))
            {
                return true;
            }
        }
        return false;
    }
}
