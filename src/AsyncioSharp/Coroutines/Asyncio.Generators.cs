using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

public static partial class Asyncio
{
    private const string UseAsync = "Generator-based coroutines are deprecated since Python 3.8: write an 'async Coroutine' method instead.";

    /// <summary>
    /// A coroutine of an iterator that yields what it waits for, in the style of before <c>async</c>: <c>yield return Asyncio.Sleep(1);</c>. A result is read from
    /// the yielded task or future; <c>yield return null</c> gives the others a turn; a failure disposes the iterator and is the coroutine's
    /// outcome. Mirrors <c>@asyncio.coroutine</c>.
    /// </summary>
    /// <param name="iterator">What an iterator method returned; it can be run once.</param>
    /// <returns>A coroutine, not started.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="iterator"/> is null.</exception>
    [Obsolete(UseAsync)]
    public static Coroutine Coroutine(IEnumerator<IAwaitable?> iterator)
    {
        ArgumentNullException.ThrowIfNull(iterator);
        return new GeneratorCoroutine(MethodNames.OfStateMachine(iterator.GetType()), iterator);
    }

    /// <inheritdoc cref="Coroutine(IEnumerator{IAwaitable?})"/>
    [Obsolete(UseAsync)]
    public static Coroutine Coroutine(IEnumerable<IAwaitable?> iterator)
    {
        ArgumentNullException.ThrowIfNull(iterator);
        return new GeneratorCoroutine(MethodNames.OfStateMachine(iterator.GetType()), iterator.GetEnumerator());
    }

    /// <summary>
    /// Makes a coroutine function of an iterator method, as Python's decorator does: each call of the result gives a new coroutine.
    /// Mirrors <c>asyncio.coroutine</c>.
    /// </summary>
    /// <param name="function">The iterator method.</param>
    /// <returns>A function for which <see cref="IsCoroutineFunction(Delegate)"/> is true.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="function"/> is null.</exception>
    [Obsolete(UseAsync)]
    public static Func<Coroutine> Coroutine(Func<IEnumerable<IAwaitable?>> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return new GeneratorFunction(function).Call;
    }

    /// <summary>
    /// True for methods that return coroutines by being <c>async</c>, and for functions made by <c>Asyncio.Coroutine</c>. Mirrors
    /// <c>asyncio.iscoroutinefunction</c>.
    /// </summary>
    /// <param name="function">Any function.</param>
    /// <returns>The answer; false for one that is not <c>async</c> but passes a coroutine on.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="function"/> is null.</exception>
    public static bool IsCoroutineFunction(Delegate function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return function.Target is GeneratorFunction || IsCoroutineFunction(function.Method);
    }

    /// <inheritdoc cref="IsCoroutineFunction(Delegate)"/>
    /// <param name="method">Any method.</param>
    public static bool IsCoroutineFunction(MethodInfo method)
    {
        ArgumentNullException.ThrowIfNull(method);
        return typeof(Coroutine).IsAssignableFrom(method.ReturnType) && method.IsDefined(typeof(AsyncStateMachineAttribute), inherit: false);
    }

    private sealed class GeneratorFunction(Func<IEnumerable<IAwaitable?>> function)
    {
        internal GeneratorCoroutine Call() => new GeneratorCoroutine(MethodNames.Of(function), function().GetEnumerator());
    }
}
