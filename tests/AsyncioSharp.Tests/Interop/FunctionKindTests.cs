using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// Random programs of tasks whose functions call each other. Whichever of them are coroutines, methods or async iterators, they do the same in the same order: the trace of a
/// program is that of the same program in which all are coroutines. (Each function suspends before it ends: one that does not costs a method a turn.)
/// </summary>
public class FunctionKindTests
{
    private const int Tasks = 4;

    private enum Kind
    {
        Coroutine,
        Method,
        ValueTaskMethod,
        Iterator,
        IteratorInMethod,
        IteratorInIterator,
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_program_takes_the_same_turns_whatever_its_functions_are(int part)
    {
        for (int seed = part * 500; seed < (part + 1) * 500; seed++)
        {
            var expected = TraceOf(seed, static _ => Kind.Coroutine);
            TraceOf(seed, static random => (Kind)random.Next(6)).ShouldBe(expected, $"seed {seed}");
            TraceOf(seed, static random => (Kind)random.Next(1, 6)).ShouldBe(expected, $"seed {seed}");
        }
    }

    private static List<string> TraceOf(int seed, Func<Random, Kind> choose)
    {
        var program = new Program(seed, choose);
        VirtualTimeLoop.Run(program.Main());
        return program.Trace;
    }

    // What is done follows from the one source of random numbers, what the functions are from the other.
    private sealed class Program(int seed, Func<Random, Kind> choose)
    {
        private readonly List<Future<int>> _futures = [];

        internal List<string> Trace { get; } = [];

        internal async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            for (int i = 0; i < Tasks; i++)
            {
                var future = loop.CreateFuture<int>();
                loop.CallLater(i / 2, () => future.SetResult(1));
                _futures.Add(future);
            }
            await Asyncio.Gather(Enumerable.Range(0, Tasks).Select(i => Body($"{i}", new Random(seed * Tasks + i), new Random(i), 0)).ToArray());
        }

        private async Coroutine Body(string name, Random steps, Random kinds, int depth)
        {
            int count = steps.Next(1, 4);
            for (int step = 0; step < count; step++)
            {
                Note(name, step);
                switch (steps.Next(5))
                {
                    case 0:
                        await Asyncio.Sleep(0);
                        break;
                    case 1:
                        await Asyncio.Sleep(steps.Next(3));
                        break;
                    case 2:
                        await Asyncio.Shield(_futures[steps.Next(Tasks)]);
                        break;
                    default:
                        await Call($"{name}.{step}", steps, kinds, depth + 1);
                        break;
                }
            }
            await Asyncio.Sleep(0);
            Note(name, "end");
        }

        private async Coroutine Call(string name, Random steps, Random kinds, int depth)
        {
            if (depth > 4)
            {
                await Asyncio.Sleep(0);
                return;
            }
            switch (choose(kinds))
            {
                case Kind.Coroutine:
                    await Body(name, steps, kinds, depth);
                    await Asyncio.Sleep(0);
                    await Asyncio.Sleep(0);
                    break;
                case Kind.Method:
                    await Method();
                    break;
                case Kind.ValueTaskMethod:
                    await ValueTaskMethod();
                    await Asyncio.Sleep(0);
                    await Pooled();
                    break;
                case Kind.Iterator:
                    await foreach (int _ in Iterator())
                    {
                    }
                    break;
                case Kind.IteratorInMethod:
                    await Consume(Iterator());
                    break;
                default:
                    await foreach (int _ in Around(Iterator()))
                    {
                    }
                    break;
            }

            async Task Method()
            {
                await ValueTaskMethod();
                await Asyncio.Sleep(0);
                await Pooled();
            }

            async ValueTask ValueTaskMethod() => await Body(name, steps, kinds, depth);

            async IAsyncEnumerable<int> Iterator()
            {
                await ValueTaskMethod();
                yield return 1;
                await Pooled();
                yield return 2;
                await Asyncio.Sleep(0);
            }

            [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
            async ValueTask Pooled() => await Asyncio.Sleep(0);

            static async Task Consume(IAsyncEnumerable<int> items)
            {
                await foreach (int _ in items)
                {
                }
            }

            static async IAsyncEnumerable<int> Around(IAsyncEnumerable<int> items)
            {
                await foreach (int item in items)
                {
                    yield return item;
                }
            }
        }

        private void Note(string name, object step) => Trace.Add(FormattableString.Invariant($"{name} {step} at {Asyncio.GetRunningLoop().Time}"));
    }
}
