namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>An <c>as_completed</c> in a slot, typed or not.</summary>
internal abstract class Completions
{
    public static Completions Of(List<IAwaitable> children, double? timeout) => children.All(child => child is IAwaitable<object?>)
        ? new Typed(Asyncio.AsCompleted(children.Cast<IAwaitable<object?>>(), timeout))
        : new Untyped(Asyncio.AsCompleted(children, timeout));

    /// <summary>The coroutine of the next outcome, or null if all were asked for.</summary>
    public abstract IAwaitable? Next();

    /// <summary>Runs a body for each future when it is done, in a loop that is left when the body says so.</summary>
    public abstract Coroutine ForEach(Func<Future, Coroutine<bool>> goesOn);

    private sealed class Typed(AsCompletedIterator<object?> iterator) : Completions
    {
        public override IAwaitable? Next() => iterator.MoveNext() ? iterator.Current : null;

        public override async Coroutine ForEach(Func<Future, Coroutine<bool>> goesOn)
        {
            await foreach (var future in iterator)
            {
                if (!await goesOn((Future)future))
                    break;
            }
        }
    }

    private sealed class Untyped(AsCompletedIterator iterator) : Completions
    {
        public override IAwaitable? Next() => iterator.MoveNext() ? iterator.Current : null;

        public override async Coroutine ForEach(Func<Future, Coroutine<bool>> goesOn)
        {
            await foreach (var future in iterator)
            {
                if (!await goesOn(future))
                    break;
            }
        }
    }
}
