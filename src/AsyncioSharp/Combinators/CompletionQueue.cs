namespace AsyncioSharp;

/// <summary>The futures of an <c>AsCompleted</c> in the order in which their completion was told, and those who wait for the next one.</summary>
internal sealed class CompletionQueue : Runnable, ITokenListener, IRelay, IDerived
{
    private const int MostRecipients = 32;

    private readonly EventLoop _loop;
    private readonly HashSet<Future> _pending;
    private readonly Queue<Future?> _done = new(); // null: it will not come any more
    private readonly LinkedList<Getter> _getters = []; // there may be as many as awaitables, and one of them may leave
    private readonly TimerHandle? _timer;
    private readonly TokenWatch? _watch;
    private CancellationToken _cancelledBy; // if that is why outcomes will not come
    private int _unclaimed;

    internal CompletionQueue(IEnumerable<IAwaitable> awaitables, double? timeout, EventLoop? loop, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(awaitables);
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        _loop = loop ?? Asyncio.GetRunningLoop();
        _pending = new HashSet<Future>(ReferenceEqualityComparer.Instance);
        var distinct = new HashSet<IAwaitable>(ReferenceEqualityComparer.Instance);
        int index = 0;
        foreach (var awaitable in awaitables)
        {
            Elements.CheckNotNull(awaitable, index++, nameof(awaitables)); // before a task is made of any
            distinct.Add(CoroutineSources.Distinct(awaitable));
        }
        foreach (var awaitable in distinct)
        {
            _pending.Add(Asyncio.FutureOf(awaitable, _loop, loop is null ? Asyncio.RunningLoop : Asyncio.LoopArgument, nameof(awaitables)));
        }
        _unclaimed = _pending.Count;
        foreach (var future in _pending)
        {
            future.AddWaiter(this);
        }
        if (timeout is { } seconds && _pending.Count > 0)
        {
            _timer = _loop.CallLater(seconds, GiveUp);
        }
        _watch = TokenWatch.Start(_loop, this, cancellationToken);
        StopWhenComplete();
    }

    internal override string CallbackName => "Asyncio.AsCompleted";

    public void TokenCancelled(CancellationToken token)
    {
        _cancelledBy = token;
        _timer?.Cancel();
        GiveUp();
    }

    /// <summary>Those in line, but of very many only the first: to name all, for each of thousands of futures, would take millions of steps.</summary>
    public IEnumerable<Future> Recipients => _getters.Where(static getter => !getter.IsDone).Take(MostRecipients);

    public IEnumerable<Future> Sources => _pending;

    /// <summary>Takes the right to one outcome; false if all are taken.</summary>
    internal bool TryClaim() => _unclaimed > 0 && _unclaimed-- > 0;

    /// <summary>The next future to be done.</summary>
    internal async Coroutine<Future> Next()
    {
        while (_done.Count == 0)
        {
            var getter = new Getter(_loop, this);
            var place = _getters.AddLast(getter);
            try
            {
                await getter;
            }
            catch
            {
                if (place.List is not null)
                {
                    _getters.Remove(place);
                }
                if (_done.Count > 0 && getter.IsDone && !getter.IsCancelled)
                {
                    WakeNext(); // this one was woken for an outcome that it does not take; another must
                }
                throw;
            }
        }
        if (_done.Dequeue() is { } future)
        {
            return future;
        }
        CancelledException.ThrowIfRequested(_cancelledBy);
        throw new TimeoutException("Not every awaitable completed within the timeout.");
    }

    /// <summary>The same, for as long as <paramref name="token"/> is not cancelled.</summary>
    internal Coroutine<Future> Next(CancellationToken token) => token.CanBeCanceled ? Asyncio.WaitFor(Next(), token) : Next();

    internal override Wakeup WakeupFor(object done, bool runsHere) => Wakeup.Named;

    internal override void Run(object? source)
    {
        var future = (Future)source!;
        if (_pending.Remove(future))
        {
            Give(future);
            StopWhenComplete();
        }
    }

    private void StopWhenComplete()
    {
        if (_pending.Count == 0)
        {
            _timer?.Cancel();
            _watch?.Dispose();
        }
    }

    private void GiveUp()
    {
        foreach (var future in _pending)
        {
            future.RemoveWaiter(this);
            Give(null);
        }
        _pending.Clear();
        StopWhenComplete();
    }

    private void Give(Future? future)
    {
        _done.Enqueue(future);
        WakeNext();
    }

    private void WakeNext()
    {
        while (_getters.First is { Value: var getter } first)
        {
            _getters.Remove(first);
            if (getter.IsDone)
            {
                continue;
            }
            if (_cancelledBy.CanBeCanceled)
            {
                getter.CancelBy(_cancelledBy);
            }
            else
            {
                getter.SetResult(true);
            }
            return;
        }
    }

    internal sealed class Getter(EventLoop loop, CompletionQueue queue) : Future<bool>(loop), IDerived
    {
        /// <summary>In whose place it waits: thousands of others may wait for the same.</summary>
        internal CompletionQueue Queue => queue;

        public IEnumerable<Future> Sources => queue.Sources;

        internal override string CallbackName => "Asyncio.AsCompleted";

        /// <summary>Cancelled rather than woken to throw, so that the task that waits looks whether a token of its own is behind that.</summary>
        internal void CancelBy(CancellationToken token) => CancelWith(CancelledException.Unthrown(null, null, token));
    }
}
