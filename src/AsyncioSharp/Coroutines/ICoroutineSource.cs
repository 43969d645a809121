namespace AsyncioSharp;

/// <summary>An awaitable of your own: it is awaited by way of a coroutine. Python's <c>__await__</c>.</summary>
public interface ICoroutineSource : IAwaitable
{
    /// <summary>A new coroutine whose outcome is that of this object. An <see cref="IAwaitable{T}"/> must give a <see cref="Coroutine{T}"/>.</summary>
    /// <returns>The coroutine, not started.</returns>
    Coroutine ToCoroutine();
}

/// <summary>Finds the coroutine behind an awaitable.</summary>
internal static class CoroutineSources
{
    /// <summary>The object that tells two awaitables apart: itself, but for the shared <c>Sleep(0)</c>, of which every mention is another.</summary>
    internal static IAwaitable Distinct(IAwaitable awaitable) => awaitable is Coroutine coroutine ? Distinct(coroutine) : awaitable;

    /// <inheritdoc cref="Distinct(IAwaitable)"/>
    internal static Coroutine Distinct(Coroutine coroutine) => coroutine.Status == Coroutine.Progress.Created ? coroutine : coroutine.ForTask();

    /// <summary>The coroutine to run for <paramref name="awaitable"/>, which is not a future.</summary>
    internal static Coroutine CoroutineOf(IAwaitable awaitable) => awaitable switch
    {
        Coroutine coroutine => coroutine,
        ICoroutineSource source => source.ToCoroutine()
            ?? throw new ArgumentException($"ToCoroutine() of {awaitable.GetType()} gave null.", nameof(awaitable)),
        _ => throw new ArgumentException(
            $"A future, a coroutine or an awaitable is required, but {awaitable.GetType()} can not be awaited; implement ICoroutineSource.", nameof(awaitable)),
    };
}
