using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>
/// Random programs of gathers within gathers, whose children yield, wait, fail, cancel each other, look at tasks and set context variables: what happens, and in which
/// order, is the same whether tasks are left unmade or a factory makes each at once.
/// </summary>
public class UnmadeTaskProgramTests
{
    private const int Programs = 1500;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public void A_program_does_the_same_whether_tasks_are_made_at_once_or_when_they_are_needed(int series, bool isInContext)
    {
        if (isInContext)
        {
            RunPrograms(series);
        }
        else
        {
            EmptyContext.Run(() => RunPrograms(series));
        }
    }

    private static void RunPrograms(int series)
    {
        int unmade = 0;
        for (int i = 0; i < Programs; i++)
        {
            int seed = (series * 1_000_000) + i;
            var expected = new Program(seed, leavesUnmade: false);
            var actual = new Program(seed, leavesUnmade: true);
            expected.Run();
            actual.Run();
            unmade += actual.Unmade;
            string.Join('\n', actual.Log).ShouldBe(string.Join('\n', expected.Log), $"seed {seed}");
        }
        unmade.ShouldBeGreaterThan(Programs); // else nothing would be shown
    }

    private sealed class Program(int seed, bool leavesUnmade)
    {
        private static readonly ContextVar<int> s_value = new("value", 0);

        private readonly Random _random = new(seed);
        private readonly List<CoroutineTask> _met = [];
        private readonly List<Future<int>> _futures = [];
        private readonly List<Coroutine<int>> _coroutines = [];
        private int _made;

        internal List<string> Log { get; } = [];

        internal int Unmade { get; private set; }

        internal void Run()
        {
            try
            {
                VirtualTimeLoop.Run(Main());
            }
            catch (CancelledException)
            {
                Log.Add("cancelled");
            }
        }

        private async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.Debug = false;
            loop.TaskFactory = leavesUnmade ? null : new PlainTaskFactory();
            loop.ExceptionHandler = (_, context) => Log.Add($"report {context.Message}");
            Meet(CoroutineTask.Current);
            try
            {
                Log.Add($"result {await Child(0, 3)}");
            }
            catch (Exception e) when (e is FormatException or TimeoutException or InvalidOperationException)
            {
                Log.Add($"ended by {e.GetType().Name}: {e.Message}");
            }
            for (int i = 0; i < 3; i++)
            {
                await Asyncio.Sleep(1);
                Log.Add($"left {loop.TaskCount}");
            }
        }

        private async Coroutine<int> Child(int id, int depth)
        {
            Log.Add($"{id} begins");
            int sum = id;
            try
            {
                for (int left = _random.Next(5); left > 0; left--)
                {
                    int kind = _random.Next(depth > 0 ? 18 : 11);
                    if (kind < 3)
                    {
                        await Asyncio.Sleep(0); // all others that suspend need the task
                    }
                    else
                    {
                        sum += kind < 10 ? Now(id, kind) : await Later(id, depth, kind);
                    }
                }
            }
            catch (CancelledException e) when (_random.Next(4) == 0)
            {
                Log.Add($"{id} swallows {e.CancelMessage}");
            }
            finally
            {
                Log.Add($"{id} ends, {s_value.Get()}");
            }
            return sum;
        }

        private int Now(int id, int kind)
        {
            switch (kind)
            {
                case 3:
                    s_value.Set((s_value.Get() * 10) + id);
                    return 0;
                case 4:
                    Log.Add($"{id} is {Meet(CoroutineTask.Current)}");
                    return 0;
                case 5:
                    Log.Add($"{id} sees {string.Join(' ', Asyncio.GetRunningLoop().LiveTasks().Select(Meet))}");
                    return 0;
                case 6 when _met.Count > 0:
                    var other = _met[_random.Next(_met.Count)];
                    Log.Add($"{id} cancels {Meet(other)}: {other.Cancel($"by {id}")}");
                    return 0;
                case 7 when _random.Next(3) == 0:
                    Log.Add($"{id} fails");
                    throw new FormatException($"{id}");
                case 8 when _futures.Count > 0:
                    var future = _futures[_random.Next(_futures.Count)];
                    if (!future.IsDone)
                    {
                        future.SetResult(id);
                    }
                    return 0;
                case 9 when _coroutines.Count > 0 && _random.Next(3) == 0:
                    var coroutine = _coroutines[_random.Next(_coroutines.Count)];
                    if (coroutine.Innermost.Awaiting > AwaitKind.Turn)
                    {
                        return 0; // its task would wait for ever, as in CPython
                    }
                    Log.Add($"{id} closes one that is {coroutine.State}");
                    try
                    {
                        coroutine.Close();
                    }
                    catch (Exception e) when (e is InvalidOperationException or FormatException)
                    {
                        Log.Add(e.Message);
                    }
                    return 0;
                default:
                    Asyncio.GetRunningLoop().CallSoon(() => Log.Add($"callback of {id}"));
                    return 0;
            }
        }

        private async Coroutine<int> Later(int id, int depth, int kind)
        {
            switch (kind)
            {
                case 10:
                    var future = Asyncio.GetRunningLoop().CreateFuture<int>();
                    _futures.Add(future);
                    return await Asyncio.WaitFor(future, 0.5);
                case 11:
                    await Asyncio.Sleep(0.1 * _random.Next(3));
                    return 0;
                case 12:
                    return (await Asyncio.Gather<int>(Children(depth))).Sum();
                case 13:
                    var outcomes = await Asyncio.GatherOutcomes<int>(Children(depth));
                    return outcomes.Sum(static outcome => outcome.IsCancelled ? 1000 : outcome.Exception is null ? outcome.Value : 2000);
                case 14:
                    object?[] values = await Asyncio.Gather(Children(depth).Cast<IAwaitable>());
                    return values.Length;
                case 15:
                    var gather = Asyncio.Gather<int>(Children(depth));
                    for (int left = _random.Next(3); left > 0; left--)
                    {
                        await Asyncio.Sleep(0);
                    }
                    Log.Add($"{id} cancels its gather: {gather.Cancel("all")}");
                    return (await gather).Sum();
                case 16:
                    var children = Children(depth);
#pragma warning disable ASYNCIO002 // one is given twice
                    return (await Asyncio.Gather<int>([.. children, children[0], Asyncio.CreateTask(Make(depth)), .. Children(depth)])).Length;
#pragma warning restore ASYNCIO002
                default:
                    var (first, second) = await Asyncio.Gather<int, int>(Make(depth), Make(depth));
                    return first + second;
            }
        }

        private Coroutine<int>[] Children(int depth) => [.. Enumerable.Range(0, _random.Next(1, 5)).Select(_ => Make(depth))];

        private Coroutine<int> Make(int depth)
        {
            var child = Child(++_made, depth - 1);
            _coroutines.Add(child);
            if (leavesUnmade)
            {
                child = child.Anew();
                Asyncio.GetRunningLoop().CallSoon(() => Unmade += child.Link is UnmadeTasks ? 1 : 0);
            }
            else
            {
                Asyncio.GetRunningLoop().CallSoon(static () => { });
            }
            return child;
        }

        private string Meet(CoroutineTask task)
        {
            int index = _met.IndexOf(task);
            if (index < 0)
            {
                index = _met.Count;
                _met.Add(task);
            }
            return $"#{index}{(task.IsDone ? "!" : "")}/{task.Cancelling}/{task.Coroutine.State}";
        }
    }
}
