using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace AsyncioSharp;

/// <summary>A place at which a state machine can be suspended: the state it then has, and where in its code that is set.</summary>
/// <param name="State">The number in the machine's field for its state.</param>
/// <param name="Offset">The offset in <c>MoveNext</c> behind the instruction that stores the number.</param>
/// <param name="Awaiter">The field that keeps what is awaited there; null in an iterator.</param>
internal readonly record struct Suspension(int State, int Offset, string? Awaiter);

/// <summary>A branch from one place in the code to another; not one that leaves a protected block.</summary>
internal readonly record struct Branch(int Offset, int Target);

/// <summary>
/// What the compiled form of a state machine tells of its suspensions. <c>MoveNext</c> of <c>async</c> methods, iterators and async iterators alike stores
/// a constant of its own into the field for the state in front of every suspension, in optimised and unoptimised builds; the order of the numbers
/// is nobody's promise (the compiler skips those of code that cannot be reached), so the instructions are read instead of counting.
/// </summary>
internal sealed class StateMachineCode
{
    internal const string StateField = "<>1__state";
    internal const string BuilderField = "<>t__builder";
    internal const string AwaiterPrefix = "<>u__";
    internal const string LocalInfix = ">5__";         // <name>5__1: a local of the method
    internal const string SharedPrefix = "<>7__wrap"; // what several locals and loops use in turn

    private readonly List<Suspension> _suspensions = [];
    private readonly List<Branch> _branches = [];
    private readonly byte[] _code;
    private int? _constant; // what the instructions so far have put on the stack to be stored

    /// <summary>Reads the method. It has no suspensions where the runtime does not show method bodies.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Of code that was trimmed away no machine exists; without a body there are no lines.")]
    internal StateMachineCode(MethodBase moveNext)
    {
        _code = moveNext.GetMethodBody()?.GetILAsByteArray() ?? [];
        var typeArguments = moveNext.DeclaringType!.GetGenericArguments();
        for (int at = 0; at < _code.Length;)
        {
            int opcode = _code[at] == 0xFE ? 0xFE00 | _code[at + 1] : _code[at];
            int operand = at + (opcode > 0xFF ? 2 : 1);
            int next = operand + OperandSize(opcode, operand);
            if (opcode == 0x7D) // stfld
            {
                OnStore(moveNext.Module.ResolveField(Int32At(operand), typeArguments, null)!.Name, next);
            }
            else
            {
                OnInstruction(opcode, at, operand, next);
            }
            at = next;
        }
    }

    /// <summary>In the order of the code.</summary>
    internal IReadOnlyList<Suspension> Suspensions => _suspensions;

    internal IReadOnlyList<Branch> Branches => _branches;

    private void OnStore(string field, int next)
    {
        if (field == StateField && _constant is >= 0 and var state)
        {
            _suspensions.Add(new Suspension(state, next, null));
        }
        else if (field.StartsWith(AwaiterPrefix, StringComparison.Ordinal) && _suspensions is [.., { Awaiter: null } last])
        {
            _suspensions[^1] = last with { Awaiter = field };
        }
        _constant = null;
    }

    private void OnInstruction(int opcode, int at, int operand, int next)
    {
        switch (opcode)
        {
            case 0x25 or (>= 0x0A and <= 0x0D) or 0x13 or 0xFE0E: // dup, stloc: the state is kept in a local too
                return;
            case >= 0x15 and <= 0x1E: // ldc.i4.m1 to ldc.i4.8
                _constant = opcode - 0x16;
                return;
            case 0x1F: // ldc.i4.s
                _constant = (sbyte)_code[operand];
                return;
            case 0x20: // ldc.i4
                _constant = Int32At(operand);
                return;
            case >= 0x2B and <= 0x37: // short branches
                _branches.Add(new Branch(at, next + (sbyte)_code[operand]));
                break;
            case >= 0x38 and <= 0x44: // branches
                _branches.Add(new Branch(at, next + Int32At(operand)));
                break;
            case 0x45: // switch
                for (int target = operand + 4; target < next; target += 4)
                {
                    _branches.Add(new Branch(at, next + Int32At(target)));
                }
                break;
        }
        _constant = null;
    }

    // By ECMA-335, partition VI, annex C.
    private int OperandSize(int opcode, int operand) => opcode switch
    {
        >= 0x0E and <= 0x13 or 0x1F or (>= 0x2B and <= 0x37) or 0xDE or 0xFE12 or 0xFE19 => 1,
        >= 0xFE09 and <= 0xFE0E => 2,
        0x20 or 0x22 or (>= 0x27 and <= 0x29) or (>= 0x38 and <= 0x44) or (>= 0x6F and <= 0x75) or 0x79 or (>= 0x7B and <= 0x81) => 4,
        0x8C or 0x8D or 0x8F or (>= 0xA3 and <= 0xA5) or 0xC2 or 0xC6 or 0xD0 or 0xDD or 0xFE06 or 0xFE07 or 0xFE15 or 0xFE16 or 0xFE1C => 4,
        0x21 or 0x23 => 8,
        0x45 => checked(4 + (4 * Int32At(operand))), // switch
        _ => 0,
    };

    private int Int32At(int offset) => BinaryPrimitives.ReadInt32LittleEndian(_code.AsSpan(offset));
}
