using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
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
        ["awaiters that are objects"] = new(static t => ObjectAwaiters("a", 2), "a 2", true, 2),
        ["a closure"] = new(static t => Closure("a", 2), "a2 2", true, 3),
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

    [Fact]
    public void They_do_without_a_value_too()
    {
        var seen = new List<string>();
        VirtualTimeLoop.Run(NoValue(1, "b", 3, seen));
        seen.ShouldBe(["1 b 3"]);
    }

    [Fact]
    public void A_builder_around_the_librarys_keeps_what_it_has()
    {
        VirtualTimeLoop.Run(Wraps()).ShouldBe("1 2 3 named 42");

        static async Coroutine<string> Wraps() => await Wrapped(1, 2, 3).Inner;
    }

    [Fact]
    public void A_builder_may_be_outside_of_its_machine() => VirtualTimeLoop.Run(HandMade.Call(1, 2, 3, 4)).ShouldBe("1 2 3 4");

    // As the compiler would make them, but in places where .NET does not put them: the offset of each field.
    [Theory]
    [InlineData(true, 0, 8, 12, 16, 24)]   // the reference, the numbers, the builder
    [InlineData(false, 24, 8, 12, 16, 0)]  // the builder, the numbers, the reference
    [InlineData(false, 8, 16, 20, 24, 0)]  // the builder, the reference, the numbers
    [InlineData(false, 24, 0, 4, 8, 16)]   // the numbers, the builder, the reference
    [InlineData(false, 8, 0, 16, 24, 32)]  // the reference among the numbers
    [InlineData(false, 0, 8, 12, 24, 16)]  // the builder among the numbers
    [InlineData(false, 0, 16, 20, 24, 32)] // a hole
    public void A_machine_that_is_laid_out_otherwise_is_copied(bool isMoved, int reference, int state, int number, int large, int builder)
    {
        var module = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Machines"), AssemblyBuilderAccess.Run).DefineDynamicModule("Machines");
        var type = module.DefineType("Machine", TypeAttributes.ExplicitLayout | TypeAttributes.Public, typeof(ValueType));
        Define("argument", typeof(string), reference);
        Define("<>1__state", typeof(int), state);
        Define("number", typeof(int), number);
        Define("large", typeof(long), large);
        Define("<>t__builder", typeof(CoroutineMethodBuilder), builder);
        var machine = Activator.CreateInstance(type.CreateType())!;
        int size = RuntimeHelpers.SizeOf(machine.GetType().TypeHandle);

        int end = MachineLayout.Measure(machine.GetType().GetFields(), machine, size, out int references);

        (end, references).ShouldBe(isMoved ? (24, 1) : (0, 0));

        void Define(string name, Type fieldType, int offset) => type.DefineField(name, fieldType, FieldAttributes.Public).SetOffset(offset);
    }

    [AsyncMethodBuilder(typeof(WrappingBuilder<>))]
    private static async Wrapper<string> Wrapped(int a, int b, int c)
    {
        await Asyncio.Sleep(0);
        return $"{a} {b} {c}";
    }

    private static async Coroutine NoValue(int a, string b, int c, List<string> seen)
    {
        await Asyncio.Sleep(0);
        seen.Add($"{a} {b} {c}");
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

    private static async Coroutine<string> ObjectAwaiters(string a, int b)
    {
        await new Awaitable();
        await Asyncio.Sleep(0);
        return $"{a} {b}";
    }

    private static async Coroutine<string> Closure(string a, int b)
    {
        Func<string> joined = () => a + b;
        await Asyncio.Sleep(0);
        b = 2;
        await Asyncio.Sleep(0);
        return $"{joined()} {b}";
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

    private sealed class Awaitable : ICriticalNotifyCompletion
    {
        public bool IsCompleted => true;

        public Awaitable GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => continuation();

        public void UnsafeOnCompleted(Action continuation) => continuation();
    }

    private sealed record Wrapper<T>(Coroutine<string> Inner);

    private struct WrappingBuilder<T>
    {
        private CoroutineMethodBuilder<string> _inner;
        private string _name;
        private int _number;

        public static WrappingBuilder<T> Create() => new() { _name = "named", _number = 42 };

        public readonly Wrapper<T> Task => new(_inner.Task);

        public void Start<TStateMachine>(ref TStateMachine stateMachine)
            where TStateMachine : IAsyncStateMachine
            => _inner.Start(ref stateMachine);

        public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
        {
        }

        public readonly void SetResult(T result) => _inner.SetResult($"{result} {_name} {_number}");

        public readonly void SetException(Exception exception) => _inner.SetException(exception);

        public readonly void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
            where TAwaiter : INotifyCompletion
            where TStateMachine : IAsyncStateMachine
            => _inner.AwaitOnCompleted(ref awaiter, ref stateMachine);

        public readonly void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
            where TAwaiter : ICriticalNotifyCompletion
            where TStateMachine : IAsyncStateMachine
            => _inner.AwaitUnsafeOnCompleted(ref awaiter, ref stateMachine);
    }

    private sealed class Holder
    {
        public CoroutineMethodBuilder<string> Builder = CoroutineMethodBuilder<string>.Create();
    }

    private struct HandMade(int a, int b, int c, int d, Holder holder) : IAsyncStateMachine
    {
        public readonly void MoveNext() => holder.Builder.SetResult($"{a} {b} {c} {d}");

        public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
        {
        }

        public static Coroutine<string> Call(int a, int b, int c, int d)
        {
            var holder = new Holder();
            var machine = new HandMade(a, b, c, d, holder);
            holder.Builder.Start(ref machine);
            return holder.Builder.Task;
        }
    }
}
