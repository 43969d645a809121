using System.Globalization;
using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>Locks, events, semaphores, conditions, barriers and queues: what makes them, the operations that may have to wait, and the statements that do not.</summary>
internal sealed class Primitives(Machine machine)
{
    /// <summary>The object that an expression stands for.</summary>
    public static object Make(JsonObject x) => x.Kind() switch
    {
        "lock" => new AsyncLock(),
        "event" => new AsyncEvent(),
        "condition" => new AsyncCondition(),
        "semaphore" => new AsyncSemaphore(x.Count("n")),
        "barrier" => new AsyncBarrier(x.Count("n")),
        _ => x.Flag("lifo") ? new AsyncLifoQueue<object?>(Bound(x)) : new AsyncQueue<object?>(Bound(x)),
    };

    /// <summary>The coroutine of an operation that may have to wait; null if the slot holds nothing that has it.</summary>
    public Coroutine? Operation(JsonObject x) => (x.Kind(), machine.TryFind<object>(x.Text("of"), out var thing) ? thing : null) switch
    {
        ("acquire", { } held) => Acquire(held),
        ("wait_at", AsyncEvent to) => to.Wait(),
        ("wait_at", AsyncCondition condition) => condition.Wait(),
        ("wait_at", AsyncBarrier barrier) => Place(barrier),
        ("get", AsyncQueue<object?> queue) => queue.Get(),
        ("put", AsyncQueue<object?> queue) => queue.Put(x.Value("v")),
        ("join", AsyncQueue<object?> queue) => queue.Join(),
        _ => null,
    };

    /// <summary>What acquires a lock, a semaphore or the lock of a condition; null for anything else.</summary>
    public static Coroutine<AsyncReleaser>? Acquire(object thing) => thing switch
    {
        AsyncLock mutex => mutex.Acquire(),
        AsyncSemaphore semaphore => semaphore.Acquire(),
        AsyncCondition condition => condition.Acquire(),
        _ => null,
    };

    /// <summary>Does a statement and says how it went; null if the slot holds nothing that has it.</summary>
    public string? Act(JsonObject s) => (s.Kind(), machine.TryFind<object>(s.Text("of"), out var thing) ? thing : null) switch
    {
        ("release", AsyncLock mutex) => Tried(mutex.Release),
        ("release", AsyncSemaphore semaphore) => Tried(semaphore.Release),
        ("release", AsyncCondition condition) => Tried(condition.Release),
        ("set", AsyncEvent to) => Tried(to.Set),
        ("clear", AsyncEvent to) => Tried(to.Clear),
        ("notify", AsyncCondition condition) => Tried(() => Notify(condition, s)),
        ("put_nowait", AsyncQueue<object?> queue) => Tried(() => queue.PutNowait(s.Value("v"))),
        ("get_nowait", AsyncQueue<object?> queue) => Tried(() => "= " + Texts.Of(queue.GetNowait())),
        ("task_done", AsyncQueue<object?> queue) => Tried(queue.TaskDone),
        ("shutdown", AsyncQueue<object?> queue) => Tried(() => queue.Shutdown(s.Flag("now"))),
        ("reset", AsyncBarrier barrier) => Tried(barrier.Reset),
        ("abort", AsyncBarrier barrier) => Tried(barrier.Abort),
        ("reschedule", TimeoutScope limit) => Tried(() => limit.Reschedule(s.NumberOrNull("s"))),
        ("look", { } seen) => Look(seen),
        _ => null,
    };

    private static int Bound(JsonObject x) => x.Has("n") ? x.Count("n") : 0;

    private static async Coroutine<object?> Place(AsyncBarrier barrier) => await barrier.Wait();

    private static void Notify(AsyncCondition condition, JsonObject s)
    {
        if (s.Has("n"))
            condition.Notify(s.Count("n"));
        else
            condition.NotifyAll();
    }

    private static string? Look(object thing) => thing switch
    {
        AsyncLock mutex => Locked(mutex.IsLocked),
        AsyncSemaphore semaphore => Locked(semaphore.IsLocked),
        AsyncCondition condition => Locked(condition.IsLocked),
        AsyncEvent to => to.IsSet ? "set" : "unset",
        AsyncQueue<object?> queue => $"{queue.Count.ToString(CultureInfo.InvariantCulture)} {(queue.IsEmpty ? "empty " : "")}{(queue.IsFull ? "full" : "")}".TrimEnd(),
        AsyncBarrier barrier => barrier.IsBroken ? "broken" : barrier.WaitingCount.ToString(CultureInfo.InvariantCulture),
        TimeoutScope limit => $"{Texts.OfTime(limit.When)} {(limit.IsExpired ? "expired" : "running")}",
        _ => null,
    };

    private static string Locked(bool isLocked) => isLocked ? "locked" : "free";

    private static string Tried(Action action) => Tried(() =>
    {
        action();
        return "ok";
    });

    private static string Tried(Func<string> action)
    {
        try
        {
            return action();
        }
        catch (Exception e)
        {
            return "! " + Texts.Of(e);
        }
    }
}
