using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The objects in which .NET keeps the state machines of its <c>async</c> methods and iterators, and which are what is awaited: told from other tasks by their type.
/// </summary>
internal static class StateMachineBox
{
    /// <summary>The type of the state machine in a box of this type, of whose type arguments it is the last; null for what is no box.</summary>
    internal static Type? MachineTypeOf(Type box) => box.GenericTypeArguments is [.., var last] && IsMachine(last) ? last : null;

    /// <summary>The same for what is awaited, which may be the machine itself: an async iterator.</summary>
    internal static Type? MachineTypeBehind(Type awaited) => IsMachine(awaited) ? awaited : MachineTypeOf(awaited);

    private static bool IsMachine(Type type) => type.IsAssignableTo(typeof(IAsyncStateMachine));
}
