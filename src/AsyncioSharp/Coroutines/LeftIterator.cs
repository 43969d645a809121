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

/// <summary>The fields in which the compiler keeps the enumerators of a method's <c>await foreach</c> loops while they run.</summary>
/// <typeparam name="TStateMachine">The state machine.</typeparam>
internal static class EnumeratorFields<[DynamicallyAccessedMembers(AwaiterFields<int>.Kept)] TStateMachine>
{
    private static readonly FieldInfo[] s_fields = [.. typeof(TStateMachine)
        .GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .Where(static field => EnumeratorFields.IsPlain(field.FieldType) || EnumeratorFields.InnerOf(field.FieldType) is not null)];

    /// <summary>
    /// Puts a <see cref="LeftIterator{T}"/> where the method has the iterator that it awaits. False if it has it nowhere, or types cannot be made at run time.
    /// </summary>
    internal static bool Replace(ref TStateMachine machine, ForeignAwait left, Runnable disposal)
    {
        if (!RuntimeFeature.IsDynamicCodeSupported)
        {
            return false;
        }
        object iterator = left.AsyncIterator!;
        object box = machine!; // the machine itself, or a copy that is put back
        bool found = false;
        foreach (var field in s_fields)
        {
            object? value = field.GetValue(box);
            if (ReferenceEquals(value, iterator))
            {
                field.SetValue(box, EnumeratorFields.StandIn(field.FieldType.GenericTypeArguments[0], iterator, left, disposal));
                found = true;
            }
            else if (value is not null && EnumeratorFields.InnerOf(field.FieldType) is { } inner && ReferenceEquals(inner.GetValue(value), iterator))
            {
                inner.SetValue(value, EnumeratorFields.StandIn(field.FieldType.GenericTypeArguments[0], iterator, left, disposal));
                field.SetValue(box, value);
                found = true;
            }
        }
        machine = (TStateMachine)box;
        return found;
    }
}

/// <summary>What of that does not depend on the method.</summary>
internal static class EnumeratorFields
{
    internal static bool IsPlain(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerator<>);

    /// <summary>The field of what <c>ConfigureAwait</c> and <c>WithCancellation</c> make of an enumerator that holds it; null for another type.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Where the field was trimmed away, the iterator cannot be left.")]
    internal static FieldInfo? InnerOf(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ConfiguredCancelableAsyncEnumerable<>.Enumerator)
        ? type.GetField("_enumerator", BindingFlags.Instance | BindingFlags.NonPublic)
        : null;

    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicConstructors, typeof(LeftIterator<>))]
    [UnconditionalSuppressMessage("Trimming", "IL2055", Justification = "The type places no demands on its type parameter.")]
    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = "The dependency above keeps the constructor.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Not called where types cannot be made at run time.")]
    internal static object StandIn(Type item, object iterator, ForeignAwait left, Runnable disposal)
        => Activator.CreateInstance(typeof(LeftIterator<>).MakeGenericType(item), iterator, left, disposal)!;
}
