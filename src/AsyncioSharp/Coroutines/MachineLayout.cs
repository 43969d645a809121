using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AsyncioSharp;

/// <summary>
/// How the state machine of a new call gets from the stack into its coroutine, of which all is still zero. Copied as a whole, each reference in it costs a call of the
/// collector's, also the awaiters, which are null before the method begins; and the machine has to be laid out on the stack. Moved here are its numbers, in one piece,
/// and the references in front of them: a fifth less of what a frame costs.
/// </summary>
/// <remarks>
/// That can be done where a machine is laid out as .NET does it with most: references, then numbers, then structures, in which nothing is before the method begins: the
/// builder, awaiters, locals. No interface of .NET tells, so each is measured once, by writing to a box of it, which takes a tenth of a millisecond at the method's first call.
/// Copied as a whole are those that are laid out otherwise, were given structures, have another builder around this library's, or more than six references; those of
/// generic methods, whose code may be shared; all in code that was compiled ahead of time, where what was measured is no constant; and in Debug builds, where they are classes.
/// </remarks>
internal static class MachineLayout
{
    // Of so few fields the JIT copies each for itself, and knows which are null: nothing is quicker.
    private const int FewFields = 4;
    private const int MostReferences = 6;

    /// <summary>Measures a machine.</summary>
    /// <param name="fields">All its fields.</param>
    /// <param name="machine">An empty one, if it is a structure.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="references">How many references there are in front of the numbers.</param>
    /// <returns>Where the numbers end, in bytes; 0 if it must be copied as a whole.</returns>
    internal static int Measure(FieldInfo[] fields, object? machine, int size, out int references)
    {
        references = 0;
        int objects = fields.Count(IsReference);
        if (machine is null || machine.GetType().IsGenericType || !RuntimeFeature.IsDynamicCodeCompiled || fields.Length <= FewFields || objects > MostReferences
            || !Array.Exists(fields, MachineFields.IsOwnBuilder)
            || !Array.TrueForAll(fields, static field => IsReference(field) || MachineFields.IsNumber(field) || MachineFields.IsEmptyAtFirst(field)))
        {
            return 0;
        }
        var words = MemoryMarshal.CreateSpan(ref Unsafe.As<Box>(machine).First, size / Unsafe.SizeOf<nint>());
        foreach (var number in fields.Where(MachineFields.IsNumber))
        {
            number.SetValue(machine, NonZero(number.FieldType));
        }
        int end = words.LastIndexOfAnyExcept(0) + 1;
        if (end < objects || words[objects..end].Contains(0))
        {
            return 0; // the numbers are elsewhere, or there is something in between
        }
        for (int i = 0; i < objects; i++)
        {
            Unsafe.As<nint, object>(ref words[i]) = fields; // whatever it is
        }
        if (Array.Exists(fields, field => IsReference(field) && field.GetValue(machine) is null))
        {
            return 0; // what is in front of the numbers is something else
        }
        references = objects;
        return end * Unsafe.SizeOf<nint>();
    }

    /// <summary>
    /// Moves a machine that was measured; <paramref name="coroutine"/> is what its builder refers to. What was measured are constants for the JIT, which leaves out what
    /// they exclude.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Move(ref byte source, ref byte target, ref byte builder, object coroutine, int references, int numbersEnd)
    {
        MoveReference(ref source, ref target, 0, references); // no loop, in which the place would be no constant
        MoveReference(ref source, ref target, 1, references);
        MoveReference(ref source, ref target, 2, references);
        MoveReference(ref source, ref target, 3, references);
        MoveReference(ref source, ref target, 4, references);
        MoveReference(ref source, ref target, 5, references);
        Unsafe.CopyBlockUnaligned(ref Word(ref target, references), ref Word(ref source, references), (uint)(numbersEnd - references * Unsafe.SizeOf<nint>()));
        Unsafe.As<byte, object>(ref Unsafe.AddByteOffset(ref target, Unsafe.ByteOffset(ref source, ref builder))) = coroutine;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MoveReference(ref byte source, ref byte target, int number, int references)
    {
        if (number < references)
        {
            Unsafe.As<byte, object>(ref Word(ref target, number)) = Unsafe.As<byte, object>(ref Word(ref source, number));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte Word(ref byte machine, int number) => ref Unsafe.AddByteOffset(ref machine, number * Unsafe.SizeOf<nint>());

    private static bool IsReference(FieldInfo field) => field.FieldType is { IsValueType: false, IsPointer: false, IsFunctionPointer: false };

    // In each of its words.
    private static object NonZero(Type type) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => Enum.ToObject(type, -1),
        TypeCode.Boolean => true,
        TypeCode.Char => char.MaxValue,
        TypeCode.SByte => sbyte.MaxValue,
        TypeCode.Byte => byte.MaxValue,
        TypeCode.Int16 => short.MaxValue,
        TypeCode.UInt16 => ushort.MaxValue,
        TypeCode.Int32 => int.MaxValue,
        TypeCode.UInt32 => uint.MaxValue,
        TypeCode.Int64 => long.MaxValue,
        TypeCode.UInt64 => ulong.MaxValue,
        TypeCode.Single => float.MaxValue,
        TypeCode.Double => double.MaxValue,
        _ => type == typeof(nint) ? nint.MaxValue : nuint.MaxValue, // no other is primitive
    };

    // How a box looks to those who look at its bytes.
    private sealed class Box
    {
        internal nint First = 0;
    }
}
