using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace AsyncioSharp;

/// <summary>
/// The fields in which the compiler keeps the awaiter while a method is suspended: one for each type of awaiter in the method, called <c>&lt;&gt;u__1</c>
/// and so on. Looked up once per state machine, when it first runs.
/// </summary>
/// <typeparam name="TStateMachine">The state machine: a class in Debug builds, a struct in Release builds.</typeparam>
internal static class AwaiterFields<[DynamicallyAccessedMembers(Kept)] TStateMachine>
{
    /// <summary>What trimming must keep of a state machine.</summary>
    internal const DynamicallyAccessedMemberTypes Kept = DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields;

    private static readonly FieldInfo[] s_fields = [.. AwaiterFields.In(typeof(TStateMachine))];

    /// <summary>True if the method awaits anything that is not this library's.</summary>
    internal static readonly bool AreForeign = Array.Exists(s_fields, static field => !field.FieldType.IsAssignableTo(typeof(IAwaitRequest)));

    /// <summary>True if an awaiter of this type can be replaced in the suspended method.</summary>
    internal static bool Have(Type? awaiter) => awaiter is not null && Array.Exists(s_fields, field => field.FieldType == awaiter);

    /// <summary>Puts <paramref name="awaiter"/> where the method will look for it when it goes on.</summary>
    internal static void Replace(ref TStateMachine machine, object awaiter)
    {
        object box = machine!; // the machine itself, or a copy that is put back
        foreach (var field in s_fields)
        {
            if (field.FieldType == awaiter.GetType())
            {
                field.SetValue(box, awaiter);
            }
        }
        machine = (TStateMachine)box;
    }
}

/// <summary>The same for a state machine that is known only at run time.</summary>
internal static class AwaiterFields
{
    internal static IEnumerable<FieldInfo> In([DynamicallyAccessedMembers(AwaiterFields<int>.Kept)] Type machine) => machine
        .GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .Where(static field => field.Name.StartsWith("<>u__", StringComparison.Ordinal));
}
