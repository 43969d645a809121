using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// What a cancelled coroutine has in the place of an async iterator that it awaited and that cannot be interrupted. An iterator that still runs refuses to be
/// disposed, and would throw that in place of the cancellation; this puts the disposal off until the iterator has come to its next <c>yield</c>, or its end.
/// Otherwise it is that iterator.
/// </summary>
internal sealed class LeftIterator<T>(IAsyncEnumerator<T> iterator, ForeignAwait left, Runnable disposal) : IAsyncEnumerator<T>
{
    public T Current => iterator.Current;

    public ValueTask<bool> MoveNextAsync() => left.IsLeft
        ? throw new InvalidOperationException(
            "The async iterator still waits for an operation of .NET, which the cancellation has left behind; it cannot be moved on before that ends.")
        : iterator.MoveNextAsync();

    public ValueTask DisposeAsync()
    {
        if (!left.IsLeft)
        {
            return iterator.DisposeAsync();
        }
        left.AfterEnd(disposal);
        return default;
    }
}

/// <summary>In which fields of a method an iterator stands, and what is put there.</summary>
internal static class LeftIterators
{
    /// <summary>True for the type of a field that holds the enumerator itself.</summary>
    internal static bool IsPlain(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerator<>);

    /// <summary>The field of what <c>ConfigureAwait</c> and <c>WithCancellation</c> make of an enumerator that holds it; null for another type.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Where the field was trimmed away, the iterator cannot be left.")]
    internal static FieldInfo? InnerOf(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ConfiguredCancelableAsyncEnumerable<>.Enumerator)
        ? type.GetField("_enumerator", BindingFlags.Instance | BindingFlags.NonPublic)
        : null;

    /// <summary>A <see cref="LeftIterator{T}"/> of the items' type.</summary>
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicConstructors, typeof(LeftIterator<>))]
    [UnconditionalSuppressMessage("Trimming", "IL2055", Justification = "The type places no demands on its type parameter.")]
    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = "The dependency above keeps the constructor.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Not called where types cannot be made at run time.")]
    internal static object StandIn(Type item, object iterator, ForeignAwait left, Runnable disposal)
        => Activator.CreateInstance(typeof(LeftIterator<>).MakeGenericType(item), iterator, left, disposal)!;
}
