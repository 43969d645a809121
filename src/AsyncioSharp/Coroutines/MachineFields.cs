using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The fields that the compiler gives the state machine of an <c>async</c> method or iterator: for what it waits for, one for each type of awaiter, called
/// <c>&lt;&gt;u__1</c> and so on; for the number of its state; and for the enumerators of its loops. Looked up once for each machine; in one made by hand there are none.
/// </summary>
internal sealed class MachineFields
{
    /// <summary>What trimming must keep of a state machine.</summary>
    internal const DynamicallyAccessedMemberTypes Kept = DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields;

    private static readonly ConditionalWeakTable<Type, MachineFields> s_known = [];

    private FieldInfo[]? _enumerators;
    private (FieldInfo Field, AwaiterKind Kind)[]? _knownAwaiters;
    private HashSet<int>? _yields; // the states in which it waits for its turn

    internal MachineFields([DynamicallyAccessedMembers(Kept)] Type machine)
    {
        All = machine.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        Awaiters = Array.FindAll(All, IsAwaiter);
    }

    internal FieldInfo[] All { get; }

    internal FieldInfo[] Awaiters { get; }

    /// <summary>True if there is anything that can refer to an object, besides what every machine has.</summary>
    internal bool HoldValues => Array.Exists(All, static one => !IsNumber(one) && !IsAwaiter(one) && one.Name != StateMachineCode.BuilderField);

    /// <summary>Those of awaiters that can be replaced.</summary>
    internal (FieldInfo Field, AwaiterKind Kind)[] KnownAwaiters
        => _knownAwaiters ??= [.. from one in Awaiters let kind = AwaiterKinds.Find(one.FieldType) where kind is not null select (one, kind)];

    /// <summary>Those of <c>await foreach</c> and <c>await using</c>, and of locals.</summary>
    internal FieldInfo[] Enumerators
        => _enumerators ??= Array.FindAll(All, static one => LeftIterators.IsPlain(one.FieldType) || LeftIterators.InnerOf(one.FieldType) is not null);

    /// <summary>For a machine whose type is known only at run time.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = "A machine that runs uses its fields, which keeps them; where they cannot be seen it counts as unknown.")]
    internal static MachineFields Of(object machine) => s_known.GetValue(machine.GetType(), static machine => new MachineFields(machine));

    /// <summary>The number of the machine's state: not negative where it is suspended at an <c>await</c>. Null if it is not to be seen.</summary>
    internal int? StateOf(object machine) => (int?)Array.Find(All, static field => field.Name == StateMachineCode.StateField)?.GetValue(machine);

    /// <summary>True if the machine is suspended at <c>await Task.Yield()</c>, whose awaiter is empty; where the runtime does not show its code, if it might be.</summary>
    internal bool IsAtYield(IAsyncStateMachine machine)
    {
        if (Array.Find(Awaiters, static field => field.FieldType == typeof(YieldAwaitable.YieldAwaiter)) is not { } yield)
        {
            return false;
        }
        _yields ??= StatesWith(yield, machine);
        return _yields.Count == 0 || (StateOf(machine) is { } state && _yields.Contains(state));
    }

    /// <summary>True for what cannot refer to an object.</summary>
    internal static bool IsNumber(FieldInfo field) => field.FieldType.IsPrimitive || field.FieldType.IsEnum;

    /// <summary>True for what nothing is in before the method begins: this library's builder, awaiters, locals.</summary>
    internal static bool IsEmptyAtFirst(FieldInfo field) => IsOwnBuilder(field) || IsAwaiter(field)
        || field.Name.Contains(StateMachineCode.LocalInfix, StringComparison.Ordinal) || field.Name.StartsWith(StateMachineCode.SharedPrefix, StringComparison.Ordinal);

    /// <summary>True for the machine's builder, if it is this library's, and not one around it.</summary>
    internal static bool IsOwnBuilder(FieldInfo field) => field.Name == StateMachineCode.BuilderField && (field.FieldType == typeof(CoroutineMethodBuilder)
        || (field.FieldType.IsConstructedGenericType && field.FieldType.GetGenericTypeDefinition() == typeof(CoroutineMethodBuilder<>)));

    private static bool IsAwaiter(FieldInfo field) => field.Name.StartsWith(StateMachineCode.AwaiterPrefix, StringComparison.Ordinal);

    private static HashSet<int> StatesWith(FieldInfo awaiter, IAsyncStateMachine machine)
    {
        Action moveNext = machine.MoveNext;
        try
        {
            return [.. new StateMachineCode(moveNext.Method).Suspensions.Where(suspension => suspension.Awaiter == awaiter.Name).Select(static suspension => suspension.State)];
        }
        catch (Exception)
        {
            return []; // as where there is none
        }
    }
}

/// <summary>The same for the machine of a coroutine, which is changed where it stands.</summary>
/// <typeparam name="TStateMachine">The state machine: a class in Debug builds, a struct in Release builds.</typeparam>
internal static class MachineFields<[DynamicallyAccessedMembers(MachineFields.Kept)] TStateMachine>
{
    private static readonly MachineFields s_fields = new(typeof(TStateMachine));

    /// <summary>True if the method awaits anything that is not this library's.</summary>
    internal static readonly bool AreForeign = Array.Exists(s_fields.Awaiters, static field => !field.FieldType.IsAssignableTo(typeof(IAwaitRequest)));

    /// <summary>True if there are arguments, or other values of the method, that can refer to an object.</summary>
    internal static readonly bool HoldValues = s_fields.HoldValues;

    /// <summary>Where the numbers of a machine end that can be moved by <see cref="MachineLayout"/>; else 0.</summary>
    internal static readonly int NumbersEnd = MachineLayout.Measure(s_fields.All, default(TStateMachine), Unsafe.SizeOf<TStateMachine>(), out References);

    /// <summary>How many references are in front of those numbers.</summary>
    internal static readonly int References;

    /// <summary>True if an awaiter of this type can be replaced in the suspended method.</summary>
    internal static bool HaveAwaiter(Type? awaiter) => awaiter is not null && Array.Exists(s_fields.Awaiters, field => field.FieldType == awaiter);

    /// <summary>Puts <paramref name="awaiter"/> where the method will look for it when it goes on.</summary>
    internal static void ReplaceAwaiter(ref TStateMachine machine, object awaiter)
    {
        object box = machine!; // the machine itself, or a copy that is put back
        foreach (var field in s_fields.Awaiters)
        {
            if (field.FieldType == awaiter.GetType())
            {
                field.SetValue(box, awaiter);
            }
        }
        machine = (TStateMachine)box;
    }

    /// <summary>
    /// Puts a <see cref="LeftIterator{T}"/> where the method has the iterator that it awaits. False if it has it nowhere, or types cannot be made at run time.
    /// </summary>
    internal static bool ReplaceIterator(ref TStateMachine machine, ForeignAwait left, Runnable disposal)
    {
        if (!RuntimeFeature.IsDynamicCodeSupported)
        {
            return false;
        }
        object iterator = left.AsyncIterator!;
        object box = machine!; // likewise
        bool found = false;
        foreach (var field in s_fields.Enumerators)
        {
            object? value = field.GetValue(box);
            if (ReferenceEquals(value, iterator))
            {
                field.SetValue(box, LeftIterators.StandIn(field.FieldType.GenericTypeArguments[0], iterator, left, disposal));
                found = true;
            }
            else if (value is not null && LeftIterators.InnerOf(field.FieldType) is { } inner && ReferenceEquals(inner.GetValue(value), iterator))
            {
                inner.SetValue(value, LeftIterators.StandIn(field.FieldType.GenericTypeArguments[0], iterator, left, disposal));
                field.SetValue(box, value);
                found = true;
            }
        }
        machine = (TStateMachine)box;
        return found;
    }
}
