using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The objects in which .NET keeps the state machines of its <c>async</c> methods and iterators, and which are what is awaited: told from other tasks by their type.
/// </summary>
internal static class StateMachineBox
{
    private static readonly ConditionalWeakTable<Type, object> s_areBehind = []; // for each type that was awaited: a bool

    /// <summary>The type of the state machine in a box of this type, of whose type arguments it is the last; null for what is no box.</summary>
    internal static Type? MachineTypeOf(Type box) => box.GenericTypeArguments is [.., var last] && IsMachine(last) ? last : null;

    /// <summary>The same for what is awaited, which may be the machine itself: an async iterator.</summary>
    internal static Type? MachineTypeBehind(Type awaited) => IsMachine(awaited) ? awaited : MachineTypeOf(awaited);

    /// <summary>True if a state machine is behind something that is awaited: it is a method's task, or an iterator.</summary>
    internal static bool IsKnownBehind(object awaited)
        => (bool)s_areBehind.GetValue(awaited.GetType(), static type => MachineTypeBehind(type) is not null);

    private static bool IsMachine(Type type) => type.IsAssignableTo(typeof(IAsyncStateMachine));
}
