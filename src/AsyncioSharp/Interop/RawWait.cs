using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The <c>await</c> of a task of .NET in an <c>async</c> method or iterator that goes on on the loop. It can be ended from outside, as that of a coroutine: the
/// awaiter in the method's state machine is replaced by one that fails, and the method is run.
/// </summary>
/// <remarks>
/// <para>
/// Sound, since a suspended method is nobody's but the one's who makes it go on, and that is the loop's thread: only an await that comes back to
/// the loop's context is ended (one with <c>ConfigureAwait(false)</c> is not), and its continuation is taken back from the task first, by the task's
/// own protocol. If the task has begun to call its continuations, the wait has ended by itself. The source of a value task offers no way to take a continuation
/// back, so a wait for one is never ended; if it has completed, the method is about to go on.
/// </para>
/// <para>
/// Found when a task is cancelled, from what it awaits inwards: a state machine holds the awaiter at which it is suspended. All that stands in private fields of
/// .NET's and the compiler's. Where those look different, there is no such wait, and the method is left behind by its caller.
/// </para>
/// </remarks>
internal sealed class RawWait
{
    private static readonly ConditionalWeakTable<Task, Task> s_observed = []; // what an operation that was left behind goes on with: once, however often it was left

    private readonly RawPlace _place;
    private readonly object? _continuation; // null if the operation has completed, so that the method is about to go on by itself
    private readonly LoopSynchronizationContext _host;

    private RawWait(RawPlace place, object? continuation, LoopSynchronizationContext host)
    {
        _place = place;
        _continuation = continuation;
        _host = host;
    }

    /// <summary>The method that waits: its task, or the object that stands for a pooled one, or the iterator.</summary>
    internal object Method => _place.Method;

    /// <summary>The next such wait outwards, if there is any.</summary>
    internal RawWait? Outer { get; private init; }

    /// <summary>What goes on: the object in which .NET keeps the method, as for a continuation that it has called itself. For one that was interrupted.</summary>
    internal object Box => TaskFields.TargetOf(Action)!;

    /// <summary>What the method waits for: a task, or the source of a value task.</summary>
    internal object Operation => _place.Operation;

    /// <summary>True if the method has only given others their turn.</summary>
    internal bool IsYield => _place.Kind is null;

    /// <summary>
    /// The innermost of the methods in <paramref name="awaited"/>, and of those that they await, whose wait comes back to <paramref name="host"/>; null if there
    /// is none.
    /// </summary>
    /// <param name="awaited">What is awaited.</param>
    /// <param name="host">The context of the methods' task.</param>
    /// <param name="mostOthers">Where more wait for a task, it is not searched for the method among them.</param>
    internal static RawWait? Innermost(object? awaited, LoopSynchronizationContext host, int mostOthers = int.MaxValue)
    {
        RawWait? found = null;
        foreach (var place in RawPlace.In(awaited))
        {
            object? continuation = place.Operation is Task task ? ContinuationFor(place.Method, task, host, mostOthers) : null;
            if (continuation is not null || place.HasCompleted)
            {
                found = new RawWait(place, continuation, host) { Outer = found };
            }
        }
        return found;
    }

    /// <summary>
    /// Ends the wait: the method goes on, as an entry of the loop, with <paramref name="exception"/>. Returns what the operation goes on with in place of
    /// the method: its failure is looked at. Null if the operation has ended, and the method is about to go on by itself.
    /// </summary>
    internal Task? TryInterrupt(Exception exception)
    {
        if (_continuation is null || !TryTakeBack())
        {
            return null;
        }
        object box = Box;
        object machine = BoxTypes.MachineIn(box)!;
        _place.Field!.SetValue(machine, _place.Kind!.FailingObject(exception));
        BoxTypes.Put(machine, box);
        _host.Post(static wait => ((RawWait)wait!).GoOn(), this);
        return s_observed.GetValue(Task, static task => task.ContinueWith(
            static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
    }

    private Task Task => (Task)Operation; // there is no continuation of anything else

    private Action Action => TaskFields.ActionOf(_continuation!);

    private void GoOn()
    {
        _host.Methods!.NoteGoesOn(Method);
        Action();
    }

    // As the runtime does it: a single continuation is exchanged for an empty list, and one in a list is cleared under the list's lock. Only if the task has not
    // put its mark there by then is it certain that the continuation is not called any more.
    private bool TryTakeBack()
    {
        ref object? continuations = ref TaskFields.ContinuationOf(Task);
        if (Interlocked.CompareExchange(ref continuations, new List<object?>(), _continuation) == _continuation)
        {
            return true;
        }
        if (Volatile.Read(ref continuations) is not List<object?> several)
        {
            return false;
        }
        lock (several)
        {
            int place = several.IndexOf(_continuation);
            if (place < 0 || Volatile.Read(ref continuations) != several)
            {
                return false;
            }
            several[place] = null;
            return true;
        }
    }

    private static object? ContinuationFor(object method, Task task, LoopSynchronizationContext host, int mostOthers)
    {
        switch (TaskFields.ContinuationOf(task))
        {
            case List<object?> several:
                lock (several)
                {
                    return several.Count > mostOthers ? null : several.Find(IsIt);
                }
            case var single:
                return IsIt(single) ? single : null;
        }

        bool IsIt(object? continuation) => continuation is not null && TaskFields.IsPostedTo(host, continuation)
            && TaskFields.TargetOf(TaskFields.ActionOf(continuation)) is { } box
            && (ReferenceEquals(box, method) || ReferenceEquals(BoxTypes.MachineIn(box), method));
    }
}
