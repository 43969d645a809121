using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>What the forms of <c>Gather</c> share: making futures of the arguments, and putting the results together.</summary>
internal static class Gathering
{
    private static readonly string[] s_ordinals = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"];

    /// <summary>For the forms in which each awaitable is an argument with a name of its own.</summary>
    internal static IFuture<TResult> StartNamed<TResult>(ReadOnlySpan<IAwaitable> awaitables, Func<object[], TResult> collect)
    {
        for (int i = 0; i < awaitables.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(awaitables[i], s_ordinals[i]);
        }
        return Start<IAwaitable, NoValue, TResult>(awaitables, null, false, collect);
    }

    /// <summary>Makes tasks of the coroutines, and the future of all.</summary>
    /// <typeparam name="TAwaitable">How the awaitables are declared.</typeparam>
    /// <typeparam name="T">The kind of value of most; of which they are is found out else, which is dear.</typeparam>
    /// <typeparam name="TResult">What is gathered.</typeparam>
    internal static IFuture<TResult> Start<TAwaitable, T, TResult>(
        ReadOnlySpan<TAwaitable> awaitables, EventLoop? loop, bool outcomes, Func<object[], TResult> collect)
        where TAwaitable : IAwaitable
    {
        for (int i = 0; i < awaitables.Length; i++)
        {
            Elements.CheckNotNull(awaitables[i], i, nameof(awaitables)); // before a task is made of any
        }
        var children = new object[awaitables.Length];
        GatheringFuture<TResult>? gather = null; // it belongs to a loop, which the first child may have to tell
        var running = EventLoop.Running;
        bool leavesUnmade = running is { LeavesTasksUnmade: true } && (loop is null || loop == running);
        UnmadeTasks? unmade = null;
        Dictionary<object, Future>? made = null; // of what is no future, kept from the first on that may have been given before
        for (int i = 0; i < children.Length; i++)
        {
            // What most are is asked first: a task's exact class costs nothing, and of others, asking for one that it is not is dear.
            object awaitable = awaitables[i];
            Future child;
            if (typeof(T) != typeof(NoValue) && awaitable.GetType() == typeof(CoroutineTask<T>))
            {
                child = Unsafe.As<CoroutineTask<T>>(awaitable);
            }
            else if (made is null && FreshCoroutine<T>(awaitable) is { } coroutine)
            {
                if (leavesUnmade && (loop ??= running) == running && coroutine.TrySpareTask())
                {
                    gather ??= new GatheringFuture<TResult>(running!, outcomes, collect);
                    Queue<T>(coroutine, ref unmade, running!, gather, children, i);
                    gather.AddUnmade();
                    continue;
                }
                child = typeof(T) == typeof(NoValue) ? Asyncio.TaskInside<T>(coroutine, loop) : Asyncio.TaskInside(Unsafe.As<Coroutine<T>>(coroutine), loop, running);
            }
            else
            {
                child = FutureOf<TAwaitable, T>(awaitables, children, i, loop, ref made);
            }
            loop ??= child.Loop;
            if (child.Loop != loop)
            {
                throw Asyncio.DifferentLoop(child, Asyncio.LoopOfOthers, nameof(awaitables));
            }
            children[i] = child;
            gather ??= new GatheringFuture<TResult>(loop, outcomes, collect);
            gather.Add(child);
        }
        gather ??= new GatheringFuture<TResult>(loop ?? Asyncio.GetRunningLoop(), outcomes, collect);
        gather.Begin(children);
        return gather;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Coroutine? FreshCoroutine<T>(object awaitable)
        => (typeof(T) == typeof(NoValue) ? awaitable as Coroutine : awaitable as Coroutine<T>) is { } coroutine && coroutine.IsGivenFirst() ? coroutine : null;

    private static void Queue<T>(Coroutine coroutine, ref UnmadeTasks? unmade, EventLoop loop, Runnable gather, object[] children, int place)
    {
        long number = TaskOrder.NextNumber();
        while (unmade is null || !unmade.TryAdd(coroutine, place, number))
        {
            var values = loop.IsAtRest || ReferenceEquals(Context.Current, Context.Empty) ? null : Context.Current;
            unmade = new UnmadeTasks(loop, gather, children, place, number - place, values, Create<T>);
        }
    }

    private static CoroutineTask Create<T>(Coroutine coroutine, EventLoop loop, long number, Context? context) => typeof(T) == typeof(NoValue)
        ? coroutine.Accept(new Creator(loop, number, context))
        : new CoroutineTask<T>(Unsafe.As<Coroutine<T>>(coroutine), loop, number, context);

    // In a method of its own: it is long, and inlined it would use up the registers of what runs often.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Future FutureOf<TAwaitable, T>(ReadOnlySpan<TAwaitable> awaitables, object[] children, int i, EventLoop? loop, ref Dictionary<object, Future>? made)
        where TAwaitable : IAwaitable
    {
        var awaitable = awaitables[i] is Coroutine { Owner: not null } again ? again : CoroutineSources.Distinct(awaitables[i]);
        if (made is null && awaitable is Coroutine coroutine && coroutine.IsGivenFirst())
        {
            return Asyncio.TaskInside<T>(coroutine, loop);
        }
        if (awaitable is Future future)
        {
            return future;
        }
        made ??= MadeOf(awaitables[..i], children, loop);
        if (!made.TryGetValue(awaitable, out var child))
        {
            made[awaitable] = child = Asyncio.TaskInside<T>(CoroutineSources.CoroutineOf(awaitable), loop);
        }
        return child;
    }

    private static Dictionary<object, Future> MadeOf<TAwaitable>(ReadOnlySpan<TAwaitable> awaitables, object[] children, EventLoop? loop)
        where TAwaitable : IAwaitable
    {
        var made = new Dictionary<object, Future>(children.Length, ReferenceEqualityComparer.Instance);
        for (int i = 0; i < awaitables.Length; i++)
        {
            if (awaitables[i] is not Future)
            {
                made[awaitables[i]] = children[i] as Future ?? loop!.TaskOf(children[i])!;
            }
        }
        return made;
    }

    internal static TAwaitable[] Listed<TAwaitable>(IEnumerable<TAwaitable> awaitables)
    {
        ArgumentNullException.ThrowIfNull(awaitables);
        return [.. awaitables];
    }

    /// <summary>The result; a cast to the class first, as the one to the covariant interface is several times dearer.</summary>
    internal static T Result<T>(object done)
        => done.GetType() == typeof(CoroutineTask<T>) ? Unsafe.As<CoroutineTask<T>>(done).Result()
            : done switch
            {
                Coroutine<T> unmade => unmade.GetResult(),
                Coroutine unmade => (T)unmade.ResultObject()!, // of a kind that is derived from it
                _ => ((IFuture<T>)done).Result(),
            };

    // The one that runs for thousands of children: a delegate for each would show.
    internal static T[] Results<T>(object[] done)
    {
        var results = new T[done.Length];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = Result<T>(done[i]);
        }
        return results;
    }

    internal static object?[] Objects(object[] done) => Array.ConvertAll(done, ObjectOf);

    internal static Outcome<T>[] Outcomes<T>(object[] done) => Array.ConvertAll(done, static child => OutcomeOf(child, Result<T>));

    internal static Outcome<object?>[] ObjectOutcomes(object[] done) => Array.ConvertAll(done, static child => OutcomeOf(child, ObjectOf));

    private static object? ObjectOf(object done) => done is Coroutine unmade ? unmade.ResultObject() : ((Future)done).ResultObject();

    private static Outcome<T> OutcomeOf<T>(object child, Func<object, T> result)
    {
        if (child is not Future done)
        {
            return new Outcome<T>(result(child), null);
        }
        if (done.IsCancelled)
        {
            return new Outcome<T>(done);
        }
        done.MarkRetrieved();
        return done.PeekException is { } failure ? new Outcome<T>(default, failure) : new Outcome<T>(result(done), null);
    }

    private sealed class Creator(EventLoop loop, long number, Context? context) : ICoroutineVisitor<CoroutineTask>
    {
        public CoroutineTask Visit(Coroutine coroutine) => new(coroutine, loop, number, context);

        public CoroutineTask Visit<T>(Coroutine<T> coroutine) => new CoroutineTask<T>(coroutine, loop, number, context);
    }
}
