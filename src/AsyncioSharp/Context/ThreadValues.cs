using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// A look at what is in force on a thread, for callers that hold the object of the thread they run on: the context, and the synchronization context. The public ways have to
/// find that object first, in thread-local storage, which for a library is a call and three dependent loads: a fifth of the cost of a yield.
/// </summary>
/// <remarks>
/// The runtime keeps both in private fields; null is the empty context. Whether that is still so is tried once; if it is not, the public way is taken.
/// </remarks>
internal static class ThreadValues
{
    /// <summary>True if the field is there.</summary>
    internal static readonly bool IsReadable = Field.IsThere();

    /// <summary>True if nothing is set on <paramref name="current"/>, the thread that calls. False may be wrong; then the context is to be looked at.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool AreEmpty(Thread current) => IsReadable ? Field.Of(current) is null : ReferenceEquals(ExecutionContext.Capture(), Context.Empty);

    /// <summary>The synchronization context in force on <paramref name="current"/>, the thread that calls.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static SynchronizationContext? SynchronizationOf(Thread current) => IsReadable ? Field.SynchronizationOf(current) : SynchronizationContext.Current;

    /// <summary>Puts a synchronization context in force on <paramref name="current"/>, the thread that calls.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void SetSynchronization(Thread current, SynchronizationContext? synchronization)
    {
        if (IsReadable)
        {
            Field.SynchronizationOf(current) = synchronization;
        }
        else
        {
            SynchronizationContext.SetSynchronizationContext(synchronization);
        }
    }

    // A class of its own, without static fields: the thread that tries must not wait for the class above to be initialised.
    private static class Field
    {
        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_executionContext")]
        internal static extern ref ExecutionContext? Of(Thread thread);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_synchronizationContext")]
        internal static extern ref SynchronizationContext? SynchronizationOf(Thread thread);

        internal static bool IsThere()
        {
            var empty = Context.Empty;
            bool isThere = false;
            var thread = new Thread(() => isThere = TryRead(empty)); // so that the caller's context is left alone
            thread.UnsafeStart();
            thread.Join();
            return isThere;
        }

        private static bool TryRead(ExecutionContext empty)
        {
            try
            {
                var current = Thread.CurrentThread;
                bool startsEmpty = Of(current) is null;
                var variable = new AsyncLocal<object> { Value = current };
                bool isSeen = Of(current) is not null;
                ExecutionContext.Restore(empty);
                return startsEmpty && isSeen && variable.Value is null && Of(current) is null && IsSynchronizationThere(current);
            }
            catch (MissingFieldException)
            {
                return false;
            }
        }

        private static bool IsSynchronizationThere(Thread current)
        {
            bool startsEmpty = SynchronizationOf(current) is null;
            var one = new SynchronizationContext();
            SynchronizationContext.SetSynchronizationContext(one);
            bool isSeen = ReferenceEquals(SynchronizationOf(current), one);
            SynchronizationOf(current) = null;
            return startsEmpty && isSeen && SynchronizationContext.Current is null;
        }
    }
}
