using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>Where a method or iterator of .NET is suspended, if that is at an awaiter of .NET's. Found by reflection, in private fields of the compiler's.</summary>
/// <param name="Method">The method: its task, or the object that stands for a pooled one, or the iterator.</param>
/// <param name="Operation">What it waits for: a task, or the source of a value task. <c>Task.Yield()</c> is as one that has completed.</param>
/// <param name="Kind">The kind of the awaiter; null for <c>Task.Yield()</c>.</param>
/// <param name="Awaiter">The awaiter.</param>
/// <param name="Field">Where in the state machine it stands.</param>
internal sealed record RawPlace(object Method, object Operation, AwaiterKind? Kind, object? Awaiter, FieldInfo? Field)
{
    private const int LongestChain = 10_000;

    /// <summary>True if the operation has ended, so that the method is about to go on.</summary>
    internal bool HasCompleted
    {
        get
        {
            // The method may be going on at this moment on another thread, and the source of its value task complain that it has given its outcome.
            try
            {
                return Kind is null || Kind.IsCompleted(Awaiter!);
            }
            catch (Exception)
            {
                return true;
            }
        }
    }

    /// <summary>True if the method has gone on from here.</summary>
    internal bool IsLeft => Of(Method) is not { } now || !ReferenceEquals(Operation, now.Operation) || !Equals(Awaiter, now.Awaiter);

    /// <summary>Null if <paramref name="method"/> is none, is not suspended, or waits for something else.</summary>
    internal static RawPlace? Of(object method)
    {
        // The compiler clears the awaiter when the method goes on.
        if ((method as IAsyncStateMachine ?? BoxTypes.MachineIn(method) as IAsyncStateMachine) is not { } machine)
        {
            return null;
        }
        var fields = MachineFields.Of(machine);
        foreach (var (field, kind) in fields.KnownAwaiters)
        {
            object awaiter = field.GetValue(machine)!;
            if (kind.SourceOf(awaiter) is { } operation)
            {
                return new(method, operation, kind, awaiter, field);
            }
        }
        return fields.IsAtYield(machine) ? new(method, Task.CompletedTask, null, null, null) : null;
    }

    /// <summary>Those of the methods in <paramref name="awaited"/>, and of those that they await, the outermost first.</summary>
    internal static IEnumerable<RawPlace> In(object? awaited)
    {
        for (int i = 0; i < LongestChain && TaskFields.AreKnown && awaited is not (null or Task { IsCompleted: true }) && Of(awaited) is { } place; i++)
        {
            yield return place;
            awaited = place.HasCompleted ? null : place.Operation; // the machine of a method that has ended is an empty one
        }
    }
}
