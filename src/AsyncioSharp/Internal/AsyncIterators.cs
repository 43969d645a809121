using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Finds the async iterator behind an awaited <c>MoveNextAsync()</c>, so that a loop knows the generators that were begun on it and can
/// dispose those left half-consumed. C# has no hook for this; the object stands in a private field of <see cref="ValueTask{T}"/>.
/// </summary>
internal static class AsyncIterators
{
    /// <summary>The async iterator that <paramref name="awaiter"/> waits for, or null if it waits for something else.</summary>
    internal static object? SourceOf<TAwaiter>(ref TAwaiter awaiter)
    {
        if (typeof(TAwaiter) == typeof(ValueTaskAwaiter<bool>))
        {
            ref var task = ref Fields<bool>.TaskOf(ref Unsafe.As<TAwaiter, ValueTaskAwaiter<bool>>(ref awaiter));
            return Fields<bool>.ObjectOf(ref task) as IAsyncDisposable;
        }
        return null;
    }

    // A field of a generic type is reached only from a generic type with the same parameter.
    private static class Fields<T>
    {
        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_value")]
        internal static extern ref ValueTask<T> TaskOf(ref ValueTaskAwaiter<T> awaiter);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_obj")]
        internal static extern ref object? ObjectOf(ref ValueTask<T> task);
    }
}
