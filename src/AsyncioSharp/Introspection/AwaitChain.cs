using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// What a task is suspended in, from its own coroutine inwards: coroutines, <c>async</c> methods and iterators of .NET that those await, and at the
/// end what all of them wait for. Costs one look at each frame; nothing is kept. On the loop's thread it is exact; asked from another one, it is
/// a snapshot that may be torn.
/// </summary>
internal sealed class AwaitChain
{
    private const int DeepestAwaiter = 4; // awaiters of .NET are structs in structs

    private readonly HashSet<object> _foreign = new(ReferenceEqualityComparer.Instance); // methods of .NET can wait for each other in a ring

    private AwaitChain()
    {
    }

    /// <summary>Coroutines, and of what is .NET's: state machines and, as the last, the object that is awaited.</summary>
    internal List<object> Frames { get; } = [];

    /// <summary>The innermost frame that is a coroutine.</summary>
    internal Coroutine Leaf { get; private set; } = null!;

    /// <summary>The future, task or sleep that the innermost frame waits for; null if it waits for none or does not wait.</summary>
    internal object? Target { get; private set; }

    /// <summary>True if the innermost frame waits for something that this library does not know.</summary>
    internal bool EndsOutside { get; private set; }

    internal static AwaitChain Of(Coroutine outermost)
    {
        var chain = new AwaitChain();
        object? next = outermost;
        while (next is not null)
        {
            next = chain.Follow(next);
        }
        return chain;
    }

    private object? Follow(object awaited)
    {
        switch (awaited)
        {
            case Coroutine coroutine:
                Frames.Add(Leaf = coroutine);
                return FollowCoroutine(coroutine);
            case Future:
                Target = awaited;
                return null;
            default:
                return FollowForeign(awaited);
        }
    }

    private object? FollowCoroutine(Coroutine coroutine)
    {
        object? link = coroutine.Link;
        switch (coroutine.Awaiting)
        {
            case AwaitKind.Coroutine or AwaitKind.Wait:
                return link as Coroutine;
            case AwaitKind.Future or AwaitKind.Itself:
                Target = coroutine.Awaited;
                EndsOutside = coroutine.EndsOutside;
                return null;
            case AwaitKind.Foreign:
                return link is ForeignAwait foreign ? AwaitedBy(foreign.Awaiter) : null;
            default:
                return null;
        }
    }

    private object? FollowForeign(object awaited)
    {
        if (!_foreign.Add(awaited))
        {
            return null;
        }
        object? machine = MachineOf(awaited);
        Frames.Add(machine ?? awaited);
        var awaiter = machine is null ? null : StateMachineSource.Of(machine.GetType()).AwaiterOf(machine);
        EndsOutside = awaiter is null;
        return awaiter is null ? null : AwaitedBy(awaiter);
    }

    // The task of an async method that was suspended is the box of its state machine; an async iterator is its own.
    private static object? MachineOf(object awaited) => awaited as IAsyncStateMachine ?? BoxTypes.MachineIn(awaited) as IAsyncStateMachine;

    // What stands behind an awaiter: for those of .NET the first reference in it, which is the task or the source of the value.
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Where the fields were trimmed away, the awaiter itself is shown.")]
    private static object? AwaitedBy(object awaiter)
    {
        if (awaiter is IAwaitRequest request)
        {
            return request.Target;
        }
        object inner = awaiter;
        for (int depth = 0; depth < DeepestAwaiter && inner.GetType().IsValueType; depth++)
        {
            var fields = inner.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
            if (fields.FirstOrDefault(static field => !field.FieldType.IsPrimitive) is not { } field || field.GetValue(inner) is not { } value)
            {
                return awaiter;
            }
            inner = value;
        }
        return inner;
    }
}
