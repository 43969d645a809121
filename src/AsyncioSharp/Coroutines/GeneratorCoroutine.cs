namespace AsyncioSharp;

/// <summary>
/// A coroutine written as an iterator that yields what it waits for: Python's generator-based coroutine. Null is a bare yield. What it waited
/// for is read from the yielded object. An iterator cannot catch what is thrown at a <c>yield return</c>: a failure disposes it, which runs its
/// <c>finally</c> blocks, and is the coroutine's outcome.
/// </summary>
internal sealed class GeneratorCoroutine : Coroutine
{
    private readonly string _name;
    private readonly IEnumerator<IAwaitable?> _iterator;
    private IAwaitTarget? _awaited;

    internal GeneratorCoroutine(string name, IEnumerator<IAwaitable?> iterator)
    {
        _name = name;
        _iterator = iterator;
        NeverAwaited.Watch(this);
    }

    public override string QualifiedName => _name;

    internal override object? Machine => _iterator;

    internal override void Resume()
    {
        Awaiting = AwaitKind.None;
        ForgetAwaited();
        try
        {
            if (_awaited is not null)
            {
                var awaited = _awaited;
                _awaited = null;
                awaited.AwaitedObject(); // only for its failure; after a bare yield nothing is asked
            }
            Advance();
        }
        catch (Exception e)
        {
            End(e);
        }
    }

    internal override void Throw(Exception exception) => End(exception);

    private void Advance()
    {
        while (_iterator.MoveNext())
        {
            if (_iterator.Current is not { } yielded)
            {
                Suspend(AwaitKind.Turn, null);
                return;
            }
            var target = yielded as IAwaitTarget ?? CoroutineSources.CoroutineOf(yielded);
            if (target.IsReady)
            {
                target.AwaitedObject();
                continue;
            }
            if (target.Kind == AwaitKind.Turn)
            {
                Suspend(AwaitKind.Turn, null);
                return;
            }
            _awaited = target;
            Suspend(target.Kind, target);
            return;
        }
        _iterator.Dispose();
        Succeed();
    }

    private void End(Exception exception)
    {
        try
        {
            _iterator.Dispose();
        }
        catch (Exception e)
        {
            exception = e; // as an exception in a finally block replaces the one on its way
        }
        Fail(exception);
    }
}
