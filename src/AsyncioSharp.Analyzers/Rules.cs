using System.Reflection;
using Microsoft.CodeAnalysis;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// The rules: what each says and how loudly. A warning is code that does not do what it says; a suggestion is code that may. Each has a page,
/// docs/analyzers/ID.md, which says why, when it is silent, and what to write instead.
/// </summary>
public static class Rules
{
    private const string Category = "AsyncioSharp";

    // The build writes into the assembly which repository it was made from, if that is known.
    private static readonly string? s_repository = typeof(Rules).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(static data => data.Key == "RepositoryUrl")?.Value;

    /// <summary>A coroutine that nobody runs.</summary>
    public static readonly DiagnosticDescriptor NotAwaited = Create(
        "ASYNCIO001",
        "A coroutine is neither awaited nor kept",
        "The coroutine '{0}' is dropped and never runs: calling it only makes an object; await it, or run it with Asyncio.CreateTask",
        DiagnosticSeverity.Warning,
        "Calling a coroutine method runs nothing: it makes an object that runs when it is awaited or made a task. One that is dropped does nothing at all.");

    /// <summary>A coroutine that is run a second time.</summary>
    public static readonly DiagnosticDescriptor RunTwice = Create(
        "ASYNCIO002",
        "A coroutine is run twice",
        "'{0}' was already awaited or made a task, and a coroutine runs once: call the method again, or make one task and await that",
        DiagnosticSeverity.Warning,
        "A coroutine object runs once. Awaiting it again, or making a task of it after that, raises InvalidOperationException. A task can be awaited as often as you like.");

    /// <summary>A call that blocks the loop's thread.</summary>
    public static readonly DiagnosticDescriptor Blocking = Create(
        "ASYNCIO003",
        "A blocking call in a coroutine",
        "'{0}' blocks the event loop: no task or timer runs meanwhile; {1}",
        DiagnosticSeverity.Warning,
        "A loop runs everything on one thread. While a coroutine blocks it, no other task runs, no timer fires and no cancellation is delivered.");

    /// <summary>A handler that catches cancellation with the rest.</summary>
    public static readonly DiagnosticDescriptor SwallowedCancellation = Create(
        "ASYNCIO004",
        "A handler swallows cancellation",
        "This handler also catches the CancelledException with which the task is cancelled at an await, "
            + "so Cancel, timeouts and shutdown have no effect here: add 'when (e is not CancelledException)', or rethrow",
        DiagnosticSeverity.Warning,
        "In C# every exception derives from Exception, so a handler for it also stops the CancelledException that cancels the task: "
            + "Cancel, timeouts, task groups and the end of Asyncio.Run then have no effect.");

    /// <summary>An async lambda where a callback is expected.</summary>
    public static readonly DiagnosticDescriptor AsyncVoid = Create(
        "ASYNCIO005",
        "An async void callback",
        "'{0}' takes a plain function: this async method {1}",
        DiagnosticSeverity.Warning,
        "The loop takes an async void callback, and a thread an async function, as finished at its first await. "
            + "Nothing can await or cancel the rest, and its failure belongs to nobody.");

    /// <summary>A task whose failure goes unseen.</summary>
    public static readonly DiagnosticDescriptor DroppedTask = Create(
        "ASYNCIO006",
        "A task is dropped",
        "What '{0}' returns is dropped, so nobody awaits it and a failure is reported late, if at all: "
            + "await it or keep it, create it in a TaskGroup, or discard it openly with '_ ='",
        DiagnosticSeverity.Warning,
        "If nobody awaits a task, nobody learns of its failure when it happens: the exception handler is told when the task is collected, or when the program ends.");

    /// <summary>A gather whose survivors run on after a failure.</summary>
    public static readonly DiagnosticDescriptor GatherLeavesRest = Create(
        "ASYNCIO007",
        "Gather leaves the rest running",
        "If one of these coroutines fails, Gather raises at once and the others run on while {0}: a TaskGroup cancels them and waits for them first",
        DiagnosticSeverity.Info,
        "Gather raises the first failure at once and lets the other awaitables run on. If they were coroutines, nobody else holds their tasks.");

    /// <summary>A member that belongs to the loop's thread, used on another.</summary>
    public static readonly DiagnosticDescriptor OtherThread = Create(
        "ASYNCIO008",
        "Another thread touches the loop",
        "'{0}' belongs to the loop's thread, but this code runs on another: hand it over with CallSoonThreadsafe or Asyncio.RunCoroutineThreadsafe",
        DiagnosticSeverity.Warning,
        "Futures, tasks, handles and the loop belong to the loop's thread. From another one a setter races with the loop, and a sleeping loop is not woken.");

    // Without a link the description says where the page is.
    private static DiagnosticDescriptor Create(string id, string title, string message, DiagnosticSeverity severity, string description) => new(
        id, title, message, Category, severity, isEnabledByDefault: true,
        description: $"{description} More, with examples, in docs/analyzers/{id}.md of the package and the repository.",
        helpLinkUri: LinkTo(id, s_repository));

    /// <summary>Where the page of a rule is to be read; null if the repository is not known.</summary>
    internal static string? LinkTo(string id, string? repository)
    {
        string url = repository?.TrimEnd('/') ?? "";
        url = url.EndsWith(".git", StringComparison.Ordinal) ? url.Substring(0, url.Length - 4) : url;
        return url.Length == 0 ? null : $"{url}/blob/main/docs/analyzers/{id}.md";
    }
}
