namespace AsyncioSharp.Oracle.Comparison;

/// <summary>A reason why AsyncioSharp's trace may differ from a stock CPython's.</summary>
/// <param name="Id">A conflict of section 20 of docs/semantics.md, or a difference of docs/python-differences.md.</param>
/// <param name="Follows">Which side AsyncioSharp takes.</param>
/// <param name="Applies">The situation in which oracle.py lets it make a difference.</param>
public sealed record ExplainingRule(string Id, string Follows, string Applies);

/// <summary>
/// Every reason there is. None of them leaves anything uncompared: oracle.py makes the choice itself, and the trace that comes out is expected
/// to the last line.
/// </summary>
public static class ExplainingRules
{
    public static IReadOnlyList<ExplainingRule> All { get; } =
    [
        new("C-01", "3.13, and the message stays", "a cancellation with a message is retrieved from a task: in 3.9 at all, later a second time"),
        new("C-02", "3.13; of a coroutine the outcome, and the request stays", "wait_for: the caller is cancelled between the completion and its wake-up"),
        new("C-03", "3.9", "an awaited future completes, or the awaited task steps, in the iteration in which the timer of its wait_for fires"),
        new("C-04", "3.9", "wait_for with a timeout above zero is given a coroutine"),
        new("C-05", "3.13", "wait_for: the caller is cancelled, and what it waits for returns or raises"),
        new("C-06", "3.13", "wait_for: the caller is cancelled again while what it waits for cleans up"),
        new("C-07", "own latency", "wait_for with a timeout"),
        new("C-08", "3.13", "gather is given something that is done already"),
        new("C-11", "3.9", "wait is given coroutines"),
        new("C-15", "3.13", "as_completed, which starts at the call"),
        new("C-27", "3.13", "requests are counted, or taken back before they are delivered"),
        new("C-34", "3.13", "a task is given its context"),
        new("C-39", "order of arguments", "as_completed is given several futures that are done already"),
        new("C-40", "3.13", "wait_for is given the task that calls it"),
        new("CORO-02", "python-differences.md", "a task is made of a coroutine in which another task is suspended: CPython steps it in both"),
        new("TOKEN", "python-differences.md", "a context variable is reset in another context than that in which it was set"),
        new("RING", "python-differences.md", "tasks that wait for each other in a ring are cancelled: CPython recurses until it fails"),
        new("COND", "python-differences.md", "a condition's waiter is cancelled before it was notified: CPython wakes another one"),
        new("LINE", "python-differences.md", "a get or a put was woken in vain: CPython sends it to the end of the line"),
        new("BARRIER", "python-differences.md", "a task at a barrier is cancelled: CPython may give its number twice, and wakes another one if it was let in"),
        new("LIMIT", "python-differences.md", "a limit of time is entered while a request is to be delivered, which CPython takes for its own"),
        new("GROUP", "python-differences.md", "a group is entered by a task that was cancelled before: CPython takes that for a new request when it ends"),
        new("CAN-04", "python-differences.md", "a group cancels tasks that have not begun: CPython never begins them"),
        new("SELF", "python-differences.md", "a task that awaited itself is awaited by another one: CPython's C code refuses that, its Python code does not"),
    ];

    /// <summary>The rule with an id.</summary>
    /// <param name="id">What oracle.py said.</param>
    /// <returns>The rule.</returns>
    /// <exception cref="InvalidOperationException">It is not in the table, so it explains nothing.</exception>
    public static ExplainingRule Find(string id)
        => All.FirstOrDefault(rule => rule.Id == id) ?? throw new InvalidOperationException($"oracle.py names '{id}', which is not in the table of rules.");
}
