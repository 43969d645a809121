namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>An <c>as_completed</c> in a slot, typed or not.</summary>
internal abstract class Completions
{
    public static Completions Of(List<IAwaitable> children, double? timeout) => children.All(child => child is IAwaitable<object?>)
        ? new Typed(Asyncio.AsCompleted(children.Cast<IAwaitable<object?>>(), timeout))
        : new Untyped(Asyncio.AsCompleted(children, timeout));

    /// <summary>The coroutine of the next outcome, or null if all were asked for.</summary>
    public abstract IAwaitable? Next();

    /// <summary>Calls back with each future when it is done.</summary>
    public abstract Coroutine ForEach(Action<Future> action);

    private sealed class Typed(AsCompletedIterator<object?> iterator) : Completions
    {
        public override IAwaitable? Next() => iterator.MoveNext() ? iterator.Current : null;

        public override async Coroutine ForEach(Action<Future> action)
        {
            await foreach (var future in iterator)
                action((Future)future);
        }
    }

    private sealed class Untyped(AsCompletedIterator iterator) : Completions
    {
        public override IAwaitable? Next() => iterator.MoveNext() ? iterator.Current : null;

        public override async Coroutine ForEach(Action<Future> action)
        {
            await foreach (var future in iterator)
                action(future);
        }
    }
}
