using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// What the library can do with awaiters of a type that it knows, .NET's own for tasks and value tasks: make one that fails, and find the operation
/// behind one. Other awaiters it can only wait for.
/// </summary>
/// <remarks>
/// Found once per awaiter type, when it is first awaited. The operation stands in a private field of the awaiter, and the type parameter of
/// a generic one is reached by reflection. Where the runtime has no such field, or cannot make types at run time (ahead-of-time compilation), the awaiter
/// counts as unknown: the cancellation of a task that waits for it is delivered when the operation completes.
/// </remarks>
internal abstract class AwaiterKind<TAwaiter> : AwaiterKind
    where TAwaiter : ICriticalNotifyCompletion
{
    /// <summary>The kind of this type of awaiter; null if it is not known.</summary>
    internal static readonly AwaiterKind<TAwaiter>? Known = (AwaiterKind<TAwaiter>?)AwaiterKinds.Find(typeof(TAwaiter));

    /// <summary>True if a task stands behind every such awaiter.</summary>
    internal virtual bool IsOfTask => false;

    /// <summary>An awaiter that throws <paramref name="exception"/>, that very object.</summary>
    internal abstract TAwaiter Failing(Exception exception);

    /// <summary>The task, or the source of the value task; null if it was complete from the start.</summary>
    internal abstract object? SourceOf(ref TAwaiter awaiter);

    internal sealed override object FailingObject(Exception exception) => Failing(exception)!;

    internal sealed override object? SourceOf(object awaiter)
    {
        var own = (TAwaiter)awaiter;
        return SourceOf(ref own);
    }

    internal sealed override bool IsCompleted(object awaiter)
    {
        var own = (TAwaiter)awaiter;
        return IsCompleted(ref own);
    }

    /// <summary>True if the operation has completed.</summary>
    internal virtual bool IsCompleted(ref TAwaiter awaiter) => SourceOf(ref awaiter) is null or Task { IsCompleted: true };

    /// <summary>True if the operation was cancelled.</summary>
    internal virtual bool IsCancelled(ref TAwaiter awaiter) => SourceOf(ref awaiter) is Task { IsCanceled: true };

    /// <summary>Has the current context given <paramref name="continuation"/> when an operation that is not a task completes, whatever <c>ConfigureAwait</c> said.</summary>
    internal virtual void Register(ref TAwaiter awaiter, Action continuation) => awaiter.UnsafeOnCompleted(continuation);

    /// <summary>Takes the outcome of a completed operation that is not a task.</summary>
    internal virtual void Consume(ref TAwaiter awaiter)
    {
    }

    internal sealed override void Probe()
    {
        TAwaiter none = default!;
        SourceOf(ref none);
    }
}

/// <summary>The same for awaiters whose type is known only at run time.</summary>
internal abstract class AwaiterKind
{
    /// <inheritdoc cref="AwaiterKind{TAwaiter}.Failing"/>
    internal abstract object FailingObject(Exception exception);

    /// <inheritdoc cref="AwaiterKind{TAwaiter}.SourceOf(ref TAwaiter)"/>
    internal abstract object? SourceOf(object awaiter);

    /// <inheritdoc cref="AwaiterKind{TAwaiter}.IsCompleted(ref TAwaiter)"/>
    internal abstract bool IsCompleted(object awaiter);

    /// <summary>Throws if the runtime's awaiter looks different inside.</summary>
    internal abstract void Probe();
}

/// <summary>The kinds of awaiters that are known.</summary>
internal static class AwaiterKinds
{
    private static readonly Dictionary<Type, AwaiterKind> s_kinds = new()
    {
        [typeof(TaskAwaiter)] = new OfTask(),
        [typeof(ConfiguredTaskAwaitable.ConfiguredTaskAwaiter)] = new OfConfiguredTask(),
        [typeof(ValueTaskAwaiter)] = new OfValueTask(),
        [typeof(ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter)] = new OfConfiguredValueTask(),
        // What await foreach waits for has to be known everywhere: an async iterator is recognised by it.
        [typeof(ValueTaskAwaiter<bool>)] = new OfValueTask<bool>(),
        [typeof(ConfiguredValueTaskAwaitable<bool>.ConfiguredValueTaskAwaiter)] = new OfConfiguredValueTask<bool>(),
    };

    private static readonly Dictionary<Type, Type> s_generic = new()
    {
        [typeof(TaskAwaiter<>)] = typeof(OfTask<>),
        [typeof(ConfiguredTaskAwaitable<>.ConfiguredTaskAwaiter)] = typeof(OfConfiguredTask<>),
        [typeof(ValueTaskAwaiter<>)] = typeof(OfValueTask<>),
        [typeof(ConfiguredValueTaskAwaitable<>.ConfiguredValueTaskAwaiter)] = typeof(OfConfiguredValueTask<>),
    };

    /// <summary>An <c>AwaiterKind&lt;awaiter&gt;</c>, or null.</summary>
    internal static AwaiterKind? Find(Type awaiter) => Find(awaiter, canMakeTypes: true);

    // Where types cannot be made, the answer is the same as with false.
    internal static AwaiterKind? Find(Type awaiter, bool canMakeTypes)
    {
        if (!PrivateFields.OfAwaiters)
        {
            return null;
        }
        try
        {
            var kind = s_kinds.GetValueOrDefault(awaiter);
            if (kind is null && canMakeTypes && RuntimeFeature.IsDynamicCodeSupported && awaiter.IsGenericType
                && s_generic.TryGetValue(awaiter.GetGenericTypeDefinition(), out var generic))
            {
                kind = Make(generic, awaiter.GenericTypeArguments);
            }
            kind?.Probe();
            return kind;
        }
        catch (Exception e) when (e is MissingFieldException or NotSupportedException or TypeLoadException)
        {
            return null;
        }
    }

    [RequiresDynamicCode("Makes a type with type parameters that are known only at run time.")]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor, typeof(OfTask<>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor, typeof(OfConfiguredTask<>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor, typeof(OfValueTask<>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor, typeof(OfConfiguredValueTask<>))]
    [UnconditionalSuppressMessage("Trimming", "IL2055", Justification = "The four types place no demands on their type parameter.")]
    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = "The dependencies above keep the constructors of the four types.")]
    private static AwaiterKind? Make(Type generic, Type[] arguments) => (AwaiterKind?)Activator.CreateInstance(generic.MakeGenericType(arguments));

    private sealed class OfTask : AwaiterKind<TaskAwaiter>
    {
        internal override bool IsOfTask => true;

        internal override TaskAwaiter Failing(Exception exception) => Task.FromException(exception).GetAwaiter();

        internal override object? SourceOf(ref TaskAwaiter awaiter) => Fields.TaskOf(ref awaiter);
    }

    private sealed class OfTask<T> : AwaiterKind<TaskAwaiter<T>>
    {
        internal override bool IsOfTask => true;

        internal override TaskAwaiter<T> Failing(Exception exception) => Task.FromException<T>(exception).GetAwaiter();

        internal override object? SourceOf(ref TaskAwaiter<T> awaiter) => Fields<T>.TaskOf(ref awaiter);
    }

    // The substitute has no options: SuppressThrowing is about the failure of the task, not about the cancellation of the one who waits.
    private sealed class OfConfiguredTask : AwaiterKind<ConfiguredTaskAwaitable.ConfiguredTaskAwaiter>
    {
        internal override bool IsOfTask => true;

        internal override ConfiguredTaskAwaitable.ConfiguredTaskAwaiter Failing(Exception exception)
            => Task.FromException(exception).ConfigureAwait(false).GetAwaiter();

        internal override object? SourceOf(ref ConfiguredTaskAwaitable.ConfiguredTaskAwaiter awaiter) => Fields.TaskOf(ref awaiter);
    }

    private sealed class OfConfiguredTask<T> : AwaiterKind<ConfiguredTaskAwaitable<T>.ConfiguredTaskAwaiter>
    {
        internal override bool IsOfTask => true;

        internal override ConfiguredTaskAwaitable<T>.ConfiguredTaskAwaiter Failing(Exception exception)
            => Task.FromException<T>(exception).ConfigureAwait(false).GetAwaiter();

        internal override object? SourceOf(ref ConfiguredTaskAwaitable<T>.ConfiguredTaskAwaiter awaiter) => Fields<T>.TaskOf(ref awaiter);
    }

    private sealed class OfValueTask : AwaiterKind<ValueTaskAwaiter>
    {
        internal override ValueTaskAwaiter Failing(Exception exception) => new ValueTask(Task.FromException(exception)).GetAwaiter();

        internal override object? SourceOf(ref ValueTaskAwaiter awaiter) => Fields.SourceOf(ref Fields.ValueOf(ref awaiter));

        internal override void Consume(ref ValueTaskAwaiter awaiter) => awaiter.GetResult();

        internal override bool IsCompleted(ref ValueTaskAwaiter awaiter) => awaiter.IsCompleted;

        internal override bool IsCancelled(ref ValueTaskAwaiter awaiter) => Fields.IsCancelled(in Fields.ValueOf(ref awaiter));
    }

    private sealed class OfValueTask<T> : AwaiterKind<ValueTaskAwaiter<T>>
    {
        internal override ValueTaskAwaiter<T> Failing(Exception exception) => new ValueTask<T>(Task.FromException<T>(exception)).GetAwaiter();

        internal override object? SourceOf(ref ValueTaskAwaiter<T> awaiter) => Fields<T>.SourceOf(ref Fields<T>.ValueOf(ref awaiter));

        internal override void Consume(ref ValueTaskAwaiter<T> awaiter) => awaiter.GetResult();

        internal override bool IsCompleted(ref ValueTaskAwaiter<T> awaiter) => awaiter.IsCompleted;

        internal override bool IsCancelled(ref ValueTaskAwaiter<T> awaiter) => Fields<T>.IsCancelled(in Fields<T>.ValueOf(ref awaiter));
    }

    private sealed class OfConfiguredValueTask : AwaiterKind<ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter>
    {
        internal override ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter Failing(Exception exception)
            => new ValueTask(Task.FromException(exception)).ConfigureAwait(false).GetAwaiter();

        internal override object? SourceOf(ref ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter awaiter)
            => Fields.SourceOf(ref Fields.ValueOf(ref awaiter));

        internal override void Register(ref ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter awaiter, Action continuation)
            => Fields.Register(Fields.ValueOf(ref awaiter), continuation);

        internal override void Consume(ref ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter awaiter) => awaiter.GetResult();

        internal override bool IsCompleted(ref ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter awaiter) => awaiter.IsCompleted;

        internal override bool IsCancelled(ref ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter awaiter) => Fields.IsCancelled(in Fields.ValueOf(ref awaiter));
    }

    private sealed class OfConfiguredValueTask<T> : AwaiterKind<ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter>
    {
        internal override ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter Failing(Exception exception)
            => new ValueTask<T>(Task.FromException<T>(exception)).ConfigureAwait(false).GetAwaiter();

        internal override object? SourceOf(ref ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter awaiter)
            => Fields<T>.SourceOf(ref Fields<T>.ValueOf(ref awaiter));

        internal override void Register(ref ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter awaiter, Action continuation)
            => Fields<T>.Register(Fields<T>.ValueOf(ref awaiter), continuation);

        internal override void Consume(ref ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter awaiter) => awaiter.GetResult();

        internal override bool IsCompleted(ref ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter awaiter) => awaiter.IsCompleted;

        internal override bool IsCancelled(ref ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter awaiter) => Fields<T>.IsCancelled(in Fields<T>.ValueOf(ref awaiter));
    }

    private static class Fields
    {
        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_task")]
        internal static extern ref Task? TaskOf(ref TaskAwaiter awaiter);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_task")]
        internal static extern ref Task? TaskOf(ref ConfiguredTaskAwaitable.ConfiguredTaskAwaiter awaiter);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_value")]
        internal static extern ref ValueTask ValueOf(ref ValueTaskAwaiter awaiter);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_value")]
        internal static extern ref ValueTask ValueOf(ref ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter awaiter);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_obj")]
        internal static extern ref object? SourceOf(ref ValueTask task);

        internal static bool IsCancelled(in ValueTask task) => task.IsCanceled;

        internal static void Register(ValueTask task, Action continuation) => task.GetAwaiter().UnsafeOnCompleted(continuation);
    }

    // A field of a generic type is reached only from a generic type with the same parameter.
    private static class Fields<T>
    {
        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_task")]
        internal static extern ref Task<T>? TaskOf(ref TaskAwaiter<T> awaiter);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_task")]
        internal static extern ref Task<T>? TaskOf(ref ConfiguredTaskAwaitable<T>.ConfiguredTaskAwaiter awaiter);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_value")]
        internal static extern ref ValueTask<T> ValueOf(ref ValueTaskAwaiter<T> awaiter);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_value")]
        internal static extern ref ValueTask<T> ValueOf(ref ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter awaiter);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_obj")]
        internal static extern ref object? SourceOf(ref ValueTask<T> task);

        internal static bool IsCancelled(in ValueTask<T> task) => task.IsCanceled;

        internal static void Register(ValueTask<T> task, Action continuation) => task.GetAwaiter().UnsafeOnCompleted(continuation);
    }
}
