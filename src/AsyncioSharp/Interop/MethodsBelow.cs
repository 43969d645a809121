using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

/// <summary>
/// The <c>async</c> methods and iterators of .NET's kind that a task has called and that run on the loop: what they wait for, and how a request to cancel the
/// task reaches them. Costs a place in a list for each wait for something of this library, and nothing for a wait for .NET until the task is cancelled.
/// </summary>
/// <remarks>
/// A request goes to the methods whose end the task waits for: to what they wait for of this library, in the order in which the waits began, or else to the
/// innermost wait for a task of .NET (<see cref="RawWait"/>). A method whose wait cannot be ended may have given it the task's token, and is told by that. Else it is
/// left behind by the one that awaits it, and gets the exception once its operation has completed, where it waits next. It is told once, in one way or the other.
/// </remarks>
internal sealed class MethodsBelow(CoroutineTask owner)
{
    private const int FewOthers = 100; // to be searched without a sign that the one looked for is among them

    private InnerWait? _oldest;
    private InnerWait? _newest;
    private List<object>? _interrupted; // the methods that are about to go on with an exception
    private LeftOperations? _left;
    private RequestBelow? _request; // the last that waits for methods to end
    private List<PutOffRequest>? _putOff; // requests that stand in the loop's queue
    private bool _wasTokenTried; // said of the request that is passed on now
    private Patience? _patience; // of the request that is passed on now, if it was put off before

    /// <summary>True if the task was cancelled and methods that it has left behind may go on.</summary>
    internal bool HasLeftSome => _left is not null;

    internal InnerWait? Newest => _newest;

    /// <summary>The token that the exception of the owner's request is to carry, if any.</summary>
    internal CancellationToken Cause => owner.Tokens?.Cause ?? default;

    private LoopSynchronizationContext Host => owner.Loop.ContextOf(owner);

    /// <summary>The tokens by which a method may learn of a request; null if nobody has any.</summary>
    internal TaskTokens? KnownTokens => owner.Identity.Tokens;

    // The same, if there is a request.
    private TaskTokens? AskedTokens => owner.Identity.ReachingRequests > 0 ? KnownTokens : null;

    internal void Add(InnerWait wait)
    {
        wait.Older = _newest;
        if (_newest is null)
        {
            _oldest = wait;
        }
        else
        {
            _newest.Newer = wait;
        }
        _newest = wait;
    }

    internal void Remove(InnerWait wait)
    {
        if (wait.Older is null)
        {
            _oldest = wait.Newer;
        }
        else
        {
            wait.Older.Newer = wait.Newer;
        }
        if (wait.Newer is null)
        {
            _newest = wait.Older;
        }
        else
        {
            wait.Newer.Older = wait.Older;
        }
    }

    /// <summary>The owner, if it awaits the method that waits there, directly or through others.</summary>
    internal CoroutineTask? OwnerBehind(InnerWait wait) => ChainOf(wait) is null ? null : owner;

    /// <summary>The way from there to what the owner waits for; null if it does not await the method.</summary>
    internal MethodChain? ChainOf(InnerWait wait)
        => owner.WaitsFor is ForeignAwait awaited ? MethodChain.Find(TaskFields.TargetOf(wait.Continuation), awaited) : null;

    /// <summary>The waits for things of this library that lead to <paramref name="end"/>, in the order in which they began.</summary>
    /// <param name="end">What is awaited in the end.</param>
    /// <param name="last">The one behind which to begin; null for the oldest.</param>
    internal List<(InnerWait Wait, MethodChain Chain)> WaitsFor(object end, InnerWait? last = null)
    {
        List<(InnerWait, MethodChain)> found = [];
        for (var wait = last is null ? _oldest : last.Newer; wait is not null; wait = wait.Newer)
        {
            if (MethodChain.Find(TaskFields.TargetOf(wait.Continuation), end) is { } chain)
            {
                found.Add((wait, chain));
            }
        }
        return found;
    }

    /// <summary>Cancels the methods that the owner awaits in <paramref name="awaited"/>. False if there are none, or their waits cannot be ended.</summary>
    internal bool Cancel(ForeignAwait awaited, string? message)
    {
        if (owner.Loop.IsActing(owner))
        {
            CancelOwnerLater(message); // one of the methods runs at this moment; it gets the exception where it waits next
            return true;
        }
        var waits = WaitsFor(awaited);
        if (waits.Count == 0)
        {
            return CancelRaw(awaited, message);
        }
        if (!waits.Exists(static found => found.Chain.IsWide))
        {
            waits.ForEach(found => found.Wait.Cancel(message));
            return true;
        }
        if (_request is not { IsGoingOn: true })
        {
            _request = new RequestBelow(owner, awaited);
        }
        _request.Make(message, waits);
        return true;
    }

    /// <summary>
    /// What a method had awaited was not told of a request: the method, which has gone on, is told where it waits now; if it has ended, those that went on with its
    /// outcome are. Where others stand beside it who have been told, they are not told again.
    /// </summary>
    /// <param name="method">The method.</param>
    /// <param name="last">The newest wait before it went on.</param>
    /// <param name="message">The request's message.</param>
    internal void TellOwed(object? method, InnerWait? last, string? message)
    {
        if (method is not null)
        {
            for (var wait = last is null ? _oldest : last.Newer; wait is not null; wait = wait.Newer)
            {
                if (MethodChain.Find(TaskFields.TargetOf(wait.Continuation), method) is { IsLost: false })
                {
                    wait.Cancel(message);
                    return;
                }
            }
            if ((RawWait.Innermost(method, Host) is { } raw && TryInterrupt(raw, message)) || (owner.WaitsFor is ForeignAwait awaited && WaitsFor(awaited).Count > 0))
            {
                return;
            }
        }
        CancelOwnerLater(message);
    }

    /// <summary>Has a request that was counted already come again behind what is queued now.</summary>
    internal void CancelOwnerLater(string? message) => owner.CancelLater(message);

    /// <summary>
    /// The owner, or one of its methods, waits no more for <paramref name="operation"/>, in which other methods may still be on their way to
    /// <paramref name="end"/>, which is what they lead to now.
    /// </summary>
    internal void NoteLeft(object end, object? operation, string? message)
    {
        if (!MethodChain.MayHaveMethods(operation))
        {
            return;
        }
        (_left ??= new LeftOperations()).Add(operation!, end, message);
    }

    /// <summary>
    /// What was left behind and waits for <paramref name="method"/>, which is about to go on; null for nothing. All of it, if it is not to be seen what goes on:
    /// the sources of value tasks post what they like.
    /// </summary>
    internal HashSet<LeftOperation>? LeftAround(object? method)
    {
        if (_left is null)
        {
            return null;
        }
        object? target = method is Delegate continuation ? TaskFields.TargetOf(continuation) : method;
        if (target is null || BoxTypes.MachineIn(target) is null)
        {
            return [.. _left.All];
        }
        HashSet<LeftOperation> around = [];
        _left.FindAround(target, around);
        return around;
    }

    /// <summary>
    /// Methods are about to go on: looks whether those that wait for a request, or were left behind, learn of it by what they have awaited, which may have been given
    /// the task's token. Such a one must not get the exception again where it cleans up. Null if there are none.
    /// </summary>
    /// <param name="around">What waited for the one that goes on.</param>
    /// <param name="method">That one, if it is to be seen.</param>
    internal IDisposable? WatchForTold(HashSet<LeftOperation>? around, object? method)
    {
        if (AskedTokens is not { AreCancelled: true } tokens)
        {
            return null;
        }
        var request = _putOff?.Find(static request => !request.IsTold);
        return request is not null || around is { Count: > 0 } ? new ToldWatch(tokens, around, method, request) : null;
    }

    /// <summary>Methods have gone on: those that were left behind by a request which has not reached them get the exception where they wait now.</summary>
    /// <param name="around">What waited for the one that has.</param>
    /// <param name="method">That one, if it is to be seen.</param>
    /// <param name="last">The newest wait before that: those behind it have begun since. (To look at those before it again would take time, and change nothing.)</param>
    internal void CancelLeft(HashSet<LeftOperation>? around, object? method, InnerWait? last)
    {
        around ??= [];
        for (var wait = last is null ? _oldest : last.Newer; wait is not null; wait = wait.Newer)
        {
            _left!.FindAround(TaskFields.TargetOf(wait.Continuation), around);
        }
        HashSet<LeftOperation> some = [.. around, .. _left!.Next()]; // one that went on in the middle of another's turn leaves no trace
        foreach (var left in some)
        {
            int mostOthers = around.Contains(left) ? int.MaxValue : FewOthers;
            var waits = WaitsFor(left.End, last);
            waits.RemoveAll(found => found.Chain.IsLost || !left.Tell(TaskFields.TargetOf(found.Wait.Continuation), found.Chain));
            waits.ForEach(found => found.Wait.Cancel(left.Message));
            Tell(left, left.Operation, mostOthers);
            if (method is Task && MethodChain.Find(method, left.End) is { IsLost: false })
            {
                Tell(left, method, int.MaxValue);
            }
        }
        if (_left.IsEmpty)
        {
            _left = null;
        }
    }

    /// <summary>An interrupted method goes on.</summary>
    internal void NoteGoesOn(object method) => _interrupted!.Remove(method);

    private bool CancelRaw(ForeignAwait awaited, string? message)
    {
        if (TryTellByToken(awaited, message))
        {
            return true;
        }
        for (var wait = RawWait.Innermost(awaited.Source, Host); wait is not null; wait = wait.Outer)
        {
            if (TryInterrupt(wait, message))
            {
                return true;
            }
            var patience = _patience ?? new Patience();
            if (patience.WaitsFor(wait))
            {
                PutOff(new PutOffRequest(this, awaited, owner.LaterRequest(message), _wasTokenTried, patience)); // behind the wake-up
                return true;
            }
        }
        return false;
    }

    // The source of a value task gives no continuation back. But it may have been given the task's token, which ends the wait as well, and so may have been what has
    // ended already: whether the method learns of the request in that way is seen when it goes on, which it does before what is queued here.
    private bool TryTellByToken(ForeignAwait awaited, string? message)
    {
        if (_wasTokenTried || AskedTokens is not { } tokens || RawPlace.In(awaited.Source).LastOrDefault() is not { } place
            || (place.HasCompleted ? !tokens.AreCancelled : place.Operation is Task))
        {
            return false;
        }
        tokens.CancelOwn();
        owner.NoteMessage(message); // if the token tells the method, its exception has none
        PutOff(new PutOffRequest(this, awaited, owner.LaterRequest(message), wasTokenTried: true, _patience));
        return true;
    }

    private void PutOff(PutOffRequest request)
    {
        (_putOff ??= []).Add(request);
        owner.Loop.Push(request, null);
    }

    // False if the wait has ended by itself, and the method is about to go on.
    private bool TryInterrupt(RawWait wait, string? message)
    {
        if (_interrupted?.Contains(wait.Method) == true)
        {
            return true; // an exception is on its way to it already
        }
        if (wait.TryInterrupt(CancelledException.Unthrown(message, null, Cause)) is not { } remains)
        {
            return false;
        }
        (_interrupted ??= []).Add(wait.Method);
        NoteLeft(remains, wait.Operation, message);
        return true;
    }

    // The innermost of the methods there gets the exception, unless it has got it before. One that is about to go on gets it where it waits then.
    private void Tell(LeftOperation left, object awaited, int mostOthers)
    {
        if (RawWait.Innermost(awaited, Host, mostOthers) is { } wait && MethodChain.Find(wait.Method, left.End) is { } chain
            && !left.HasTold(wait.Method) && TryInterrupt(wait, left.Message))
        {
            left.Tell(wait.Method, chain);
        }
    }

    // A request that was put off, since a method is about to go on, or a token may have it do so. If it does with a cancellation, that is the request; else that is
    // passed on now. What is known of how long it was put off goes with it: the next request begins anew.
    private sealed class PutOffRequest(MethodsBelow methods, ForeignAwait awaited, Runnable request, bool wasTokenTried, Patience? patience) : Runnable
    {
        internal List<RawPlace> Places => [.. RawPlace.In(awaited.Source)];

        internal bool IsTold { get; set; }

        internal override void Run(object? source)
        {
            methods._putOff!.Remove(this);
            if (IsTold)
            {
                return;
            }
            (methods._wasTokenTried, methods._patience) = (wasTokenTried, patience);
            try
            {
                request.Run(source);
            }
            finally
            {
                (methods._wasTokenTried, methods._patience) = (false, null);
            }
        }

        /// <summary>For the report of a schedule.</summary>
        public override string ToString() => request.ToString()!;
    }

    // An exception that carries one of the task's tokens is the request. Which methods have got it is seen by where they wait when it is thrown: not any more where
    // they did. (The sources of value tasks do not say before they are asked how they have ended, and some not even then. In doubt a method is told twice: one that is
    // never told may never end.)
    private sealed class ToldWatch : IDisposable
    {
        private readonly int _thread = Environment.CurrentManagedThreadId;
        private readonly TaskTokens _tokens;
        private readonly List<(LeftOperation Left, RawPlace Place)> _left = [];
        private readonly PutOffRequest? _request;
        private readonly List<RawPlace> _asked;

        internal ToldWatch(TaskTokens tokens, HashSet<LeftOperation>? around, object? method, PutOffRequest? request)
        {
            _tokens = tokens;
            foreach (var left in around ?? [])
            {
                var outwards = MethodChain.Find(method, left.End)?.Links ?? []; // these may go on in the same turn
                _left.AddRange(RawPlace.In(left.Operation).Concat(outwards.Select(RawPlace.Of).OfType<RawPlace>()).Select(place => (left, place)));
            }
            _request = request;
            _asked = request?.Places ?? [];
            AppDomain.CurrentDomain.FirstChanceException += Look;
        }

        public void Dispose() => AppDomain.CurrentDomain.FirstChanceException -= Look;

        private void Look(object? sender, FirstChanceExceptionEventArgs thrown)
        {
            if (thrown.Exception is not OperationCanceledException { CancellationToken: var token } || Environment.CurrentManagedThreadId != _thread || !_tokens.Has(token))
            {
                return;
            }
            foreach (var (left, place) in _left)
            {
                if (place.IsLeft && MethodChain.Find(place.Method, left.End) is { } chain)
                {
                    left.Tell(place.Method, chain);
                }
            }
            if (_asked.Exists(static place => place.IsLeft))
            {
                _request!.IsTold = true;
            }
        }
    }

    // How long a request waits for methods that are about to go on: as long as they do. Another thread may be about to send one to the loop, so one that has not
    // gone on in its turn is given some more; but one that goes on elsewhere may never be seen again, and one that only gives others their turn does so for ever.
    private sealed class Patience
    {
        private const int LongestWait = 10_000;
        private const int LongestWaitForOne = 100;

        private object? _method;
        private object? _operation;
        private int _turns;
        private int _turnsForOne;

        internal bool WaitsFor(RawWait wait)
        {
            if (!ReferenceEquals(_method, wait.Method) || !ReferenceEquals(_operation, wait.Operation))
            {
                (_method, _operation, _turnsForOne) = (wait.Method, wait.Operation, 0);
            }
            else if (_turnsForOne > 0)
            {
                Thread.Yield();
            }
            return ++_turnsForOne <= (wait.IsYield ? 1 : LongestWaitForOne) && ++_turns <= LongestWait;
        }
    }
}
