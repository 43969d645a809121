using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Where nothing can come out of an await of .NET, the request waits for the next await, as the guide says.</summary>
public class DegradedAwaitTests
{
    private readonly List<string> _log = [];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("CAN-06")]
    public void Out_of_a_yield_inside_a_try_no_exception_can_come_and_Sleep_of_zero_takes_its_place(bool yields)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(yields ? ["10 turns", "cleaned up"] : ["cleaned up"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Busy());
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            task.Cancel("stop");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("stop");
        }

        async Coroutine Busy()
        {
            try
            {
                for (int i = 0; i < 10; i++)
                {
                    if (yields)
                    {
                        await Task.Yield();
                    }
                    else
                    {
                        await Asyncio.Sleep(0);
                    }
                }
                _log.Add("10 turns");
                await Asyncio.Sleep(0);
                _log.Add("never");
            }
            finally
            {
                _log.Add("cleaned up");
            }
        }
    }

    [Fact]
    [Rule("CAN-06")]
    public void A_loop_of_yields_without_a_handler_is_left_at_once_also_by_those_around_it()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cleaned up"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Guarded());
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
        }

        async Coroutine Guarded()
        {
            try
            {
                await Busy();
            }
            finally
            {
                _log.Add("cleaned up");
            }
        }

        static async Coroutine Busy()
        {
            while (true)
            {
                await Task.Yield();
            }
        }
    }

    [Fact]
    public void Awaitables_of_this_library_behave_as_always_when_they_are_dynamic()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            dynamic future = Asyncio.GetRunningLoop().CreateFuture<int>();
            Asyncio.GetRunningLoop().CallLater(1, () => future.SetResult(1));
            ((int)await future).ShouldBe(1);
            dynamic coroutine = Asyncio.Sleep(1, 2);
            ((int)await coroutine).ShouldBe(2);

            var task = Asyncio.CreateTask(Wait());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            Asyncio.GetRunningLoop().Time.ShouldBe(3);
        }

        static async Coroutine Wait()
        {
            try
            {
                await (dynamic)Asyncio.Sleep(100);
            }
            finally
            {
                await Asyncio.Sleep(0);
            }
        }
    }

    [Fact]
    public void A_state_machine_whose_fields_cannot_be_found_gets_the_exception_at_its_next_await()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["went on at 2", "cancelled: stop", "finally"]);

        async Coroutine Main()
        {
            var operation = new TaskCompletionSource();
            var task = Asyncio.CreateTask(HandMade.Run(operation.Task, _log));
            await Asyncio.Sleep(1);
            task.Cancel("stop");
            await Asyncio.Sleep(1);
            task.IsDone.ShouldBeFalse();
            operation.SetResult();
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("stop");
        }
    }

    [Fact]
    public void Where_types_cannot_be_made_at_run_time_awaiters_with_a_result_are_unknown_but_for_those_of_await_foreach()
    {
        foreach (var known in (Type[])[typeof(TaskAwaiter), typeof(ValueTaskAwaiter), typeof(ValueTaskAwaiter<bool>), typeof(ConfiguredTaskAwaitable.ConfiguredTaskAwaiter),
            typeof(ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter), typeof(ConfiguredValueTaskAwaitable<bool>.ConfiguredValueTaskAwaiter)])
        {
            AwaiterKinds.Find(known, canMakeTypes: false).ShouldNotBeNull();
        }
        foreach (var generic in (Type[])[typeof(TaskAwaiter<int>), typeof(ValueTaskAwaiter<int>), typeof(ConfiguredTaskAwaitable<int>.ConfiguredTaskAwaiter),
            typeof(ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter)])
        {
            AwaiterKinds.Find(generic, canMakeTypes: false).ShouldBeNull();
            AwaiterKinds.Find(generic, canMakeTypes: true).ShouldNotBeNull();
        }
    }

    // try { await operation; log("went on"); await Sleep(100); } catch (CancelledException) { log; throw; } finally { log }, with fields of other names than the compiler's.
    private struct HandMade : IAsyncStateMachine
    {
        private CoroutineMethodBuilder _builder;
        private Task _operation;
        private List<string> _log;
        private int _state;
        private TaskAwaiter _first;
        private CoroutineAwaiter _second;

        internal static Coroutine Run(Task operation, List<string> log)
        {
            var machine = new HandMade { _builder = CoroutineMethodBuilder.Create(), _operation = operation, _log = log };
            machine._builder.Start(ref machine);
            return machine._builder.Task;
        }

        public void MoveNext()
        {
            bool suspends = false;
            try
            {
                try
                {
                    if (_state == 0)
                    {
                        _first = _operation.GetAwaiter();
                        _state = 1;
                        suspends = true;
                        _builder.AwaitUnsafeOnCompleted(ref _first, ref this);
                        return;
                    }
                    if (_state == 1)
                    {
                        _first.GetResult();
                        _log.Add(FormattableString.Invariant($"went on at {Asyncio.GetRunningLoop().Time}"));
                        _second = Asyncio.Sleep(100).GetAwaiter();
                        _state = 2;
                        suspends = true;
                        _builder.AwaitUnsafeOnCompleted(ref _second, ref this);
                        return;
                    }
                    _second.GetResult();
                }
                catch (CancelledException e)
                {
                    _log.Add($"cancelled: {e.CancelMessage}");
                    throw;
                }
                finally
                {
                    if (!suspends)
                    {
                        _log.Add("finally");
                    }
                }
            }
            catch (Exception e)
            {
                _builder.SetException(e);
                return;
            }
            _builder.SetResult();
        }

        public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
        {
        }
    }
}
