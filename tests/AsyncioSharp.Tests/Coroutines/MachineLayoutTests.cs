using System.Reflection;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Coroutines;

/// <summary>
/// What a method is given arrives in its coroutine, however its state machine gets there: moved piece by piece where the layout allows it, else copied. In Debug builds
/// the machine is a class, and a reference to it is all that is copied.
/// </summary>
public sealed class MachineLayoutTests
{
    private readonly string _own = "own";

    private enum Small : byte
    {
        None,
        Some = 200,
    }

    private enum Large : ulong
    {
        None,
        Some = 1UL << 63,
    }

    private static readonly Dictionary<string, Case> s_cases = new()
    {
        ["bytes"] = new(static t => Bytes(true, 1, -2, false, 255), "True 1 -2 False 255", true),
        ["words"] = new(
            static t => Words('x', -1, 65535, int.MinValue, uint.MaxValue, long.MinValue, ulong.MaxValue),
            "x -1 65535 -2147483648 4294967295 -9223372036854775808 18446744073709551615",
            true),
        ["floats"] = new(static t => Floats(0.5f, double.Epsilon, -0.0, 3), "0.5 5E-324 -0 3", true),
        ["native numbers"] = new(static t => Native(-1, 2, 3), "-1 2 3", true),
        ["enumerations"] = new(static t => Enums(Small.Some, Large.Some, 1), "Some Some 1", true),
        ["an object's"] = new(static t => t.OfAnObject(7, 8), "own 7 8", true, 1),
        ["references"] = new(static t => t.References("a", "b", [3], "d", 5), "own a b 3 d 5", true, 6),
        ["locals"] = new(static t => Locals("a", 2), "a 2 a2 4", true, 3),
        ["structures among the locals"] = new(static t => Loops([1, 2], 3), "1 2 3 0.00:00:03", true, 2),
        ["awaiters of .NET"] = new(static t => Foreign("a", 2), "a 2", true, 1),
        ["too many references"] = new(static t => t.SevenReferences("a", "b", "c", "d", "e", "f", 7), "own a b c d e f 7", false),
        ["a structure with a reference"] = new(static t => Structures((1, "b"), 3), "1 b 3", false),
        ["a structure with a number"] = new(static t => Time(TimeSpan.FromDays(1), 2, 3), "1.00:00:00 2 3", false),
        ["a token"] = new(static t => Token(2, 3, new CancellationToken(true)), "2 3 True", false),
        ["null"] = new(static t => Nullable(1, null, 3), "1  3", false),
        ["few fields"] = new(static t => Few(1), "1", false),
        ["generic, of references"] = new(static t => Generic("a", 2, 3), "a 2 3", false),
        ["generic, of numbers"] = new(static t => Generic(1, 2, 3), "1 2 3", false),
    };

    public static TheoryData<string> Cases => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Arguments_arrive(string name)
    {
        const int Calls = 100;
        var expected = s_cases[name];
        var calls = Enumerable.Range(0, Calls).Select(_ => expected.Call(this)).ToArray();
        GC.Collect();

        VirtualTimeLoop.Run(Gathers()).ShouldBe(Enumerable.Repeat(expected.Result, Calls));

        var machine = calls[0].MachineType.ShouldNotBeNull();
        (Field("NumbersEnd") > 0).ShouldBe(expected.IsMoved && machine.IsValueType);
        Field("References").ShouldBe(machine.IsValueType ? expected.References : 0);

        async Coroutine<string[]> Gathers() => await Asyncio.Gather(calls);

        int Field(string field) => (int)typeof(MachineFields<>).MakeGenericType(machine).GetField(field, BindingFlags.Static | BindingFlags.NonPublic)!.GetValue(null)!;
    }

    private static async Coroutine<string> Bytes(bool a, byte b, sbyte c, bool d, byte e)
    {
        await Asyncio.Sleep(0);
        return $"{a} {b} {c} {d} {e}";
    }

    private static async Coroutine<string> Words(char a, short b, ushort c, int d, uint e, long f, ulong g)
    {
        await Asyncio.Sleep(0);
        return $"{a} {b} {c} {d} {e} {f} {g}";
    }

    private static async Coroutine<string> Floats(float a, double b, double c, int d)
    {
        await Asyncio.Sleep(0);
        return FormattableString.Invariant($"{a} {b} {c} {d}");
    }

    private static async Coroutine<string> Native(nint a, nuint b, int c)
    {
        await Asyncio.Sleep(0);
        return $"{a} {b} {c}";
    }

    private static async Coroutine<string> Enums(Small a, Large b, int c)
    {
        await Asyncio.Sleep(0);
        return $"{a} {b} {c}";
    }

    private async Coroutine<string> OfAnObject(int a, int b)
    {
        await Asyncio.Sleep(0);
        return $"{_own} {a} {b}";
    }

    private async Coroutine<string> References(string a, object b, int[] c, IComparable d, int e)
    {
        string before = _own; // one of a local, which is null at first
        await Asyncio.Sleep(0);
        return $"{before} {a} {b} {c[0]} {d} {e}";
    }

    private static async Coroutine<string> Locals(string a, int b)
    {
        string joined = a + b;
        int doubled = 2 * b;
        object boxed = doubled;
        await Asyncio.Sleep(0);
        await Asyncio.Sleep(1);
        return $"{a} {b} {joined} {boxed}";
    }

    private static async Coroutine<string> Loops(List<int> a, int b)
    {
        var text = new List<string>();
        var time = TimeSpan.FromSeconds(b);
        foreach (int each in a)
        {
            await Asyncio.Sleep(0);
            text.Add($"{each}");
        }
        await Asyncio.Sleep(0);
        return string.Join(" ", [.. text, $"{b}", $"{time:d\\.hh\\:mm\\:ss}"]);
    }

    private static async Coroutine<string> Foreign(string a, int b)
    {
        await Task.CompletedTask;
        await new ValueTask<int>(1);
        await Asyncio.Sleep(0);
        return $"{a} {b}";
    }

    private async Coroutine<string> SevenReferences(string a, string b, string c, string d, string e, string f, int g)
    {
        await Asyncio.Sleep(0);
        return $"{_own} {a} {b} {c} {d} {e} {f} {g}";
    }

    private static async Coroutine<string> Structures((int, string) a, int b)
    {
        await Asyncio.Sleep(0);
        return $"{a.Item1} {a.Item2} {b}";
    }

    private static async Coroutine<string> Time(TimeSpan a, int b, int c)
    {
        await Asyncio.Sleep(0);
        return $"{a} {b} {c}";
    }

    private static async Coroutine<string> Token(int a, int b, CancellationToken c)
    {
        await Asyncio.Sleep(0, CancellationToken.None);
        return $"{a} {b} {c.IsCancellationRequested}";
    }

    private static async Coroutine<string> Nullable(int? a, int? b, int c)
    {
        await Asyncio.Sleep(0);
        return $"{a} {b} {c}";
    }

    private static async Coroutine<string> Few(int a)
    {
        await Asyncio.Sleep(0);
        return $"{a}";
    }

    private static async Coroutine<string> Generic<T>(T a, int b, int c)
    {
        await Asyncio.Sleep(0);
        return $"{a} {b} {c}";
    }

    // What to call, what it gives, whether its machine is moved, and with how many references.
    private sealed record Case(Func<MachineLayoutTests, Coroutine<string>> Call, string Result, bool IsMoved, int References = 0);
}
