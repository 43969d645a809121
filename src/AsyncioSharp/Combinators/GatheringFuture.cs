using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The future that <c>Gather</c> returns. It waits with every child, without an object per child: the ready queue tells it which one has failed. The end of a
/// child that decides nothing, as it is neither the last nor a failure that counts, is only noted, and takes no entry of the queue.
/// </summary>
/// <remarks>The children are futures; and coroutines, for tasks that were not made yet (<see cref="UnmadeTasks"/>).</remarks>
/// <typeparam name="TResult">What is gathered: an array or a tuple.</typeparam>
internal sealed class GatheringFuture<TResult> : Future<TResult>, IDerived
{
    private object[] _children;                      // in the order of the arguments, repetitions included; none once it is done, and before all are known
    private readonly Func<object[], TResult> _collect;
    private readonly bool _outcomes;                 // failures are results too: return_exceptions
    private int _remaining;                          // registrations with children whose end has not been noted
    private List<Future>? _done;                     // those that were done when they were given; told last, as in CPython
    private LateEnd.UnderWay _late;
    private bool _hasBegun;                          // all children are known; never, if one of them could not be awaited
    private bool _cancelRequested;
    private bool _hasFailed;                         // the entry that tells it is queued, or was run

    internal GatheringFuture(EventLoop loop, bool outcomes, Func<object[], TResult> collect)
        : base(loop)
    {
        _children = [];
        _outcomes = outcomes;
        _collect = collect;
        _late.Join(runsHere: false); // until all children are known, the end of one takes a turn of the queue: nobody can know what it decides
    }

    /// <summary>Waits with a child too, from this moment on: the next one may begin in place, and end it.</summary>
    internal void Add(Future child)
    {
        if (child.IsDone)
        {
            _remaining++;
            (_done ??= []).Add(child);
        }
        else if (!child.IsLastWaiter(this)) // else it is given again; where others have come to wait between, it is registered, and tells its end, twice
        {
            _remaining++;
            child.AddWaiter(this);
        }
    }

    /// <summary>The same for a child whose task is not made.</summary>
    internal void AddUnmade() => _remaining++;

    /// <summary>All children are there.</summary>
    internal void Begin(object[] children)
    {
        _children = children;
        _hasBegun = true;
        _late.Leave();
        foreach (var child in _done ?? [])
        {
            RunFor(child, Note(child));
        }
        _done = null;
        if (children.Length == 0)
        {
            SetResult(_collect(children));
        }
    }

    internal override string Kind => "Gather";

    internal override string CallbackName => "Asyncio.Gather";

    public IEnumerable<Future> Sources => _children.Select(FutureOf).OfType<Future>().Where(static child => !child.IsDone);

    /// <summary>
    /// Cancels the children. The gather itself is cancelled when they are: it stays pending until a child's end completes it.
    /// </summary>
    public override bool Cancel(string? message = null)
    {
        if (IsDone)
        {
            return false; // the request touches nothing, so a failure that nobody has retrieved stays to be reported
        }
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            // Very many gathers of gathers: it goes on from the loop.
            _cancelRequested = true;
            Loop.CallSoon(static request => request.Gather.Cancel(request.Message), (Gather: this, Message: message));
            return true;
        }
        bool accepted = false;
        foreach (object child in _children)
        {
            accepted |= FutureOf(child)?.Cancel(message) == true;
        }
        _cancelRequested |= accepted;
        return accepted;
    }

    internal override Wakeup WakeupFor(object done, bool runsHere) => _late.Join(runsHere) ? Wakeup.Later : Note((Future)done);

    internal override Wakeup WakeupForLate(object done)
    {
        _late.Leave();
        return Note((Future)done);
    }

    private Wakeup Note(Future done)
    {
        if (!_outcomes && !done.HasSucceeded)
        {
            _remaining--;
            _hasFailed = true;
            return Wakeup.Named;
        }
        return NoteSuccess();
    }

    private Wakeup NoteSuccess() => --_remaining == 0 && !_hasFailed ? Wakeup.Plain : Wakeup.None;

    internal override bool TryCountSuccess()
    {
        if (!_late.IsEmpty)
        {
            return false;
        }
        if (NoteSuccess() == Wakeup.Plain)
        {
            Loop.PushOwn(this, null);
        }
        return true;
    }

    // For a child that has failed or was cancelled; for the last of all, with null.
    internal override void Run(object? source)
    {
        var child = (Future?)source;
        if (IsDone || !_hasBegun)
        {
            child?.MarkRetrieved(); // the first failure has completed the gather; later ones are nobody's business
        }
        else if (child is { IsCancelled: true })
        {
            SetException(child.Cancellation()); // as an exception: a cancelled child does not make the gather cancelled
        }
        else if (child?.TakeException() is { } failure)
        {
            SetException(failure);
        }
        else if (_cancelRequested)
        {
            foreach (var each in _children)
            {
                (each as Future)?.MarkRetrieved(); // the cancellation is told in the place of what they answered to it
            }
            var last = _children[^1]; // of the arguments, as in CPython: its message is the one that is told, also if it has refused the request
            SetException(last is Future { IsCancelled: true } future ? future.Cancellation() : CancelledException.Unthrown((last as CoroutineTask)?.RememberedMessage));
        }
        else
        {
            SetResult(_collect(_children));
        }
        if (_remaining > 0)
        {
            Array.ForEach(_children, child => FutureOf(child)); // tasks that are not made refer to all children
        }
        _children = []; // what is done must not keep alive what it was made of
    }

    // Null for a task that has ended without being made.
    private Future? FutureOf(object child) => child as Future ?? Loop.TaskOf(child);
}
