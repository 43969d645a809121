namespace AsyncioSharp;

/// <summary>
/// Hands items from tasks that put them to tasks that get them, first in, first out, with an optional bound: asyncio's <c>Queue</c>. Not thread-safe;
/// from another thread, <c>loop.CallSoonThreadsafe(() =&gt; queue.PutNowait(item))</c>.
/// </summary>
/// <remarks>
/// <para>Getting from a queue with items, and putting into one with free slots, never suspends; so between two awaits <see cref="Count"/> can be relied on. Who has to
/// wait is served first come, first served: an item is promised to the getter that has waited longest, and stays in the queue until that task runs. If another task takes it
/// meanwhile, the one who waited keeps its place at the head of the line. (In CPython it goes to the end.)</para>
/// <para>Cancelling a task that waits loses nothing: an item or slot that was promised to it is promised to the next; the item of a cancelled put is not in the queue.</para>
/// <para>A queue at which some task had to wait belongs to that task's loop from then on.</para>
/// <para><c>await foreach</c> gets the items one after the other and ends when the queue is shut down and empty.</para>
/// </remarks>
/// <typeparam name="T">The kind of items.</typeparam>
public class AsyncQueue<T> : IAsyncEnumerable<T>
{
    private readonly QueueStore<T> _items;
    private readonly LoopBinding _binding;
    private readonly WaitQueue<T> _getters;
    private readonly WaitQueue<NoValue> _putters;
    private readonly WaitQueue<NoValue> _joiners;
    private int _unfinished; // items that were put, less calls of TaskDone
    private bool _dropsItems; // it was shut down immediately

    /// <summary>Creates an empty queue.</summary>
    /// <param name="capacity">How many items it can hold; 0 for any number.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
    public AsyncQueue(int capacity = 0)
        : this(capacity, new FifoStore<T>())
    {
    }

    private protected AsyncQueue(int capacity, QueueStore<T> items)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        Capacity = capacity;
        _items = items;
        _binding = new LoopBinding(this);
        _getters = new WaitQueue<T>(_binding);
        _putters = new WaitQueue<NoValue>(_binding);
        _joiners = new WaitQueue<NoValue>(_binding);
    }

    /// <summary>How many items it can hold; 0 for any number. Mirrors <c>Queue.maxsize</c>.</summary>
    public int Capacity { get; }

    /// <summary>The items in the queue. Mirrors <c>Queue.qsize()</c>.</summary>
    public int Count => _items.Count;

    /// <summary>True if there are no items. Mirrors <c>Queue.empty()</c>.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>True if there are <see cref="Capacity"/> items; never for a queue without a bound. Mirrors <c>Queue.full()</c>.</summary>
    public bool IsFull => Capacity > 0 && Count >= Capacity;

    /// <summary>True once <see cref="Shutdown"/> was called.</summary>
    public bool IsShutDown { get; private set; }

    /// <summary>Puts an item, waiting for a free slot. Mirrors <c>Queue.put()</c>. Cancelling the caller while it waits withdraws the item.</summary>
    /// <param name="item">The item.</param>
    /// <returns>A coroutine.</returns>
    /// <exception cref="QueueShutDownException">The queue is shut down, or was while the caller waited. (Thrown by the await.)</exception>
    /// <exception cref="InvalidOperationException">Tasks of another loop have waited at this queue. (Thrown by the await.)</exception>
    public Coroutine Put(T item) => new PutCoroutine(this, item);

    /// <summary>Gets the next item, waiting for one. Mirrors <c>Queue.get()</c>. Cancelling the caller while it waits leaves the item to the others.</summary>
    /// <returns>A coroutine.</returns>
    /// <exception cref="QueueShutDownException">The queue is shut down and empty, or became so while the caller waited. (Thrown by the await.)</exception>
    /// <exception cref="InvalidOperationException">Tasks of another loop have waited at this queue. (Thrown by the await.)</exception>
    public Coroutine<T> Get() => new GetCoroutine(this);

    /// <summary>Puts an item. Mirrors <c>Queue.put_nowait()</c>.</summary>
    /// <param name="item">The item.</param>
    /// <exception cref="QueueFullException">There is no free slot.</exception>
    /// <exception cref="QueueShutDownException">The queue is shut down.</exception>
    /// <exception cref="InvalidOperationException">The queue is bound to another loop.</exception>
    public void PutNowait(T item)
    {
        _binding.CheckUse();
        if (IsShutDown)
        {
            throw new QueueShutDownException();
        }
        if (IsFull)
        {
            throw new QueueFullException();
        }
        Add(item);
        PromiseItems();
    }

    /// <summary>Gets the next item. Mirrors <c>Queue.get_nowait()</c>.</summary>
    /// <returns>The item.</returns>
    /// <exception cref="QueueEmptyException">There is none.</exception>
    /// <exception cref="QueueShutDownException">The queue is shut down and empty.</exception>
    /// <exception cref="InvalidOperationException">The queue is bound to another loop.</exception>
    public T GetNowait()
    {
        _binding.CheckUse();
        if (IsEmpty)
        {
            throw IsShutDown ? new QueueShutDownException() : new QueueEmptyException();
        }
        var item = _items.Take();
        PromiseSlots();
        return item;
    }

    /// <summary>Says that the work on an item that was got is done; for <see cref="Join"/>. Mirrors <c>Queue.task_done()</c>.</summary>
    /// <exception cref="InvalidOperationException">It was called more often than items were put; or the queue is bound to another loop.</exception>
    public void TaskDone()
    {
        _binding.CheckUse();
        if (_unfinished == 0)
        {
            throw new InvalidOperationException("task_done() called too many times: call TaskDone() once for each item that was got.");
        }
        Finish(1);
    }

    /// <summary>Waits until <see cref="TaskDone"/> was called for every item that was put. Cancelling the caller ends only its wait. Mirrors <c>Queue.join()</c>.</summary>
    /// <returns>A coroutine.</returns>
    /// <exception cref="InvalidOperationException">Tasks of another loop have waited at this queue. (Thrown by the await.)</exception>
    public Coroutine Join() => new JoinCoroutine(this);

    /// <summary>
    /// Ends the use of the queue: every put, also those that wait, gets a <see cref="QueueShutDownException"/>, and every get once the queue is empty; loops over it end.
    /// Mirrors <c>Queue.shutdown()</c>. Calling it again is allowed.
    /// </summary>
    /// <param name="immediate">True to drop the items that are still there, each as if <see cref="TaskDone"/> was called for it.</param>
    /// <exception cref="InvalidOperationException">The queue is bound to another loop.</exception>
    public void Shutdown(bool immediate = false)
    {
        _binding.CheckUse();
        IsShutDown = true;
        if (immediate)
        {
            _dropsItems = true;
            int dropped = Math.Min(Count, _unfinished);
            _items.Clear();
            Finish(dropped);
        }
        PromiseItems();
        _putters.WakeAll();
    }

    /// <summary>For <c>await foreach</c> in a coroutine: gets the items one after the other, and ends when the queue is shut down and empty.</summary>
    /// <returns>An enumerator; several may share the items of one queue.</returns>
    public AsyncEnumerator GetAsyncEnumerator() => new(this);

    IAsyncEnumerator<T> IAsyncEnumerable<T>.GetAsyncEnumerator(CancellationToken cancellationToken) => new Iteration(this, cancellationToken);

    /// <summary>For instance <c>&lt;AsyncQueue maxsize=2 _queue=[1, 2] _putters[1] tasks=3&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        string text = $"{GetType().Name.Split('`')[0]} maxsize={Capacity}";
        text += IsEmpty ? "" : $" _queue={TextForm.Short(_items.Snapshot())}";
        text += Waiting("_getters", _getters.Count - _getters.Woken) + Waiting("_putters", _putters.Count - _putters.Woken);
        text += _unfinished == 0 ? "" : $" tasks={_unfinished}";
        return $"<{text}{(IsShutDown ? " shutdown" : "")}>";

        static string Waiting(string name, int count) => count == 0 ? "" : $" {name}[{count}]";
    }

    private void Add(T item)
    {
        _items.Add(item);
        _unfinished++;
    }

    // An item was taken for somebody who has not looked at it and never will. It may make the queue fuller than full.
    private void Return(T item)
    {
        if (_dropsItems)
        {
            Finish(Math.Min(1, _unfinished)); // it is dropped like those that were there
            return;
        }
        _items.Return(item);
        PromiseItems();
    }

    private void Finish(int count)
    {
        _unfinished -= count;
        if (_unfinished == 0)
        {
            _joiners.WakeAll();
        }
    }

    // Every getter that was woken and has not run yet has a promise; there must be as many as there are items, if as many wait.
    private void PromiseItems() => _getters.WakeUpTo(IsShutDown ? int.MaxValue : Count);

    // The same for putters and free slots.
    private void PromiseSlots() => _putters.WakeUpTo(Capacity - Count);

    /// <summary>The enumerator of <c>await foreach</c>.</summary>
    public sealed class AsyncEnumerator
    {
        private readonly AsyncQueue<T> _queue;
        private T? _current;

        internal AsyncEnumerator(AsyncQueue<T> queue) => _queue = queue;

        /// <summary>The item that was got last.</summary>
        public T Current => _current!;

        /// <summary>Gets the next item. Cancelling the caller loses none.</summary>
        /// <returns>A coroutine; false when the queue is shut down and empty.</returns>
        public async Coroutine<bool> MoveNextAsync()
        {
            try
            {
                _current = await _queue.Get();
                return true;
            }
            catch (QueueShutDownException)
            {
                return false;
            }
        }
    }

    /// <summary>
    /// The enumerator for code that knows only the interface, and for methods of .NET. Between the moment when an item leaves the queue and the moment when the
    /// loop over it goes on there are steps of the event loop, and a cancellation may come in each. The loop is then left, and disposes of this: an
    /// item at which it has not looked goes back to the queue, as the next to be got.
    /// </summary>
    private sealed class Iteration : IAsyncEnumerator<T>
    {
        private readonly AsyncQueue<T> _queue;
        private readonly AsyncEnumerator _items;
        private readonly IAsyncEnumerator<bool> _moves; // the iterator that the compiler makes, by which the library knows what is awaited
        private bool _isUnread; // the item has left the queue and has not reached anybody yet

        internal Iteration(AsyncQueue<T> queue, CancellationToken token)
        {
            _queue = queue;
            _items = queue.GetAsyncEnumerator();
            _moves = Move(token);
        }

        public T Current
        {
            get
            {
                _isUnread = false;
                return _items.Current;
            }
        }

        public ValueTask<bool> MoveNextAsync() => _moves.MoveNextAsync();

        public ValueTask DisposeAsync()
        {
            var disposal = _moves.DisposeAsync();
            if (_isUnread)
            {
                _isUnread = false;
                _queue.Return(_items.Current);
            }
            return disposal;
        }

        private async IAsyncEnumerator<bool> Move(CancellationToken token)
        {
            while (token.CanBeCanceled ? await Asyncio.WaitFor(Take(), token) : await Take())
            {
                yield return true;
            }
        }

        private async Coroutine<bool> Take() => _isUnread = await _items.MoveNextAsync();
    }

    private sealed class GetCoroutine(AsyncQueue<T> queue) : WaitCoroutine<T>
    {
        public override string QualifiedName => "AsyncQueue.Get";

        private protected override WaitQueue<T> Line => queue._getters;

        private protected override bool TryEnd(bool woken)
        {
            if (queue.Count > 0)
            {
                var item = queue._items.Take();
                Leave();
                queue.PromiseSlots();
                Succeed(item);
            }
            else if (queue.IsShutDown)
            {
                Leave();
                Fail(new QueueShutDownException());
            }
            else
            {
                return false;
            }
            return true;
        }

        private protected override void Forgo(bool woken) => queue.PromiseItems();
    }

    private sealed class PutCoroutine(AsyncQueue<T> queue, T item) : WaitCoroutine<NoValue>
    {
        public override string QualifiedName => "AsyncQueue.Put";

        private protected override WaitQueue<NoValue> Line => queue._putters;

        private protected override bool TryEnd(bool woken)
        {
            if (queue.IsShutDown)
            {
                Leave();
                Fail(new QueueShutDownException());
                return true;
            }
            if (queue.IsFull)
            {
                return false;
            }
            queue.Add(item);
            Leave();
            queue.PromiseItems();
            Succeed(default);
            return true;
        }

        private protected override void Forgo(bool woken) => queue.PromiseSlots();
    }

    private sealed class JoinCoroutine(AsyncQueue<T> queue) : WaitCoroutine<NoValue>
    {
        public override string QualifiedName => "AsyncQueue.Join";

        private protected override WaitQueue<NoValue> Line => queue._joiners;

        private protected override bool TryEnd(bool woken)
        {
            if (!woken && queue._unfinished > 0)
            {
                return false;
            }
            Leave();
            Succeed(default);
            return true;
        }

        private protected override void Forgo(bool woken)
        {
            // A wake-up was for all; nobody else needs it.
        }
    }
}
