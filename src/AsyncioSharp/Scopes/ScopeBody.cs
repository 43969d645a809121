
namespace AsyncioSharp;

/// <summary>
/// Something that is entered once, by running a body in it: what <see cref="TaskGroup"/>, <see cref="TimeoutScope"/> and
/// <see cref="CancelScope"/> share. A scope is a method that takes its body, and not an <c>await using</c>, because the end of an
/// <c>await using</c> is not told whether the body failed: it could neither cancel children nor turn a cancellation into a timeout.
/// </summary>
internal interface IScope : IMethodOwner
{
    /// <summary>Begins, in the task that runs the body. Throws if the scope was entered before.</summary>
    void Enter(CoroutineTask task);

    /// <summary>Called when the body has ended: what must still be waited for, or null.</summary>
    Coroutine? Drain(Exception? failure) => null;

    /// <summary>Ends. Gives what is to be thrown: the body's failure, another exception in its place, or null.</summary>
    Exception? Leave(Exception? failure);
}

/// <summary>Runs bodies in scopes.</summary>
internal static class ScopeBody
{
    internal static async Coroutine Run<TScope>(TScope scope, Func<TScope, Coroutine> body)
        where TScope : class, IScope
    {
        scope.Enter(CoroutineTask.Running);
        Exception? failure = null;
        try
        {
            await (body(scope) ?? throw NoCoroutine(scope));
        }
        catch (Exception e)
        {
            failure = e;
        }
        if (scope.Drain(failure) is { } rest)
        {
            await rest;
        }
        Leave(scope, failure);
    }

    /// <summary>The same with a value. If the scope ended the body and throws nothing, <paramref name="instead"/> is what comes of it.</summary>
    internal static async Coroutine<T> Run<TScope, T>(TScope scope, Func<TScope, Coroutine<T>> body, Func<T>? instead = null)
        where TScope : class, IScope
    {
        scope.Enter(CoroutineTask.Running);
        Exception? failure = null;
        T? value = default;
        try
        {
            value = await (body(scope) ?? throw NoCoroutine(scope));
        }
        catch (Exception e)
        {
            failure = e;
        }
        if (scope.Drain(failure) is { } rest)
        {
            await rest;
        }
        Leave(scope, failure);
        return failure is null || instead is null ? value! : instead();
    }

    // The end of a run. Not a coroutine: it would be one more to make, and one more through which every exception would have to go.
    private static void Leave<TScope>(TScope scope, Exception? failure)
        where TScope : class, IScope
    {
        if (scope.Leave(failure) is { } outcome)
        {
            Rethrow.Throw(outcome);
        }
    }

    private static InvalidOperationException NoCoroutine(object scope) => new($"The body of {scope} returned null; it must return a coroutine.");
}
