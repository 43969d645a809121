using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Coroutines;

/// <summary>Coroutine.Close() in every state: unstarted, suspended, running, finished, awaited by another one, and the shared turn.</summary>
public class CloseTests
{
    private readonly List<string> _log = [];

    [Fact]
    [Rule("CORO-03")]
    public void Closing_an_unstarted_coroutine_discards_it_without_running_any_of_it()
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var coroutine = Body();
            coroutine.Close();

            coroutine.State.ShouldBe(CoroutineState.Closed);
            (await Caught.By(coroutine)).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("cannot reuse");
            (await Caught.By(Asyncio.CreateTask(coroutine))).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("cannot reuse");
            _log.ShouldBeEmpty();
        }

        async Coroutine Body()
        {
            try
            {
                _log.Add("body");
            }
            finally
            {
                _log.Add("finally");
            }
        }
    }

    [Fact]
    [Rule("CORO-03")]
    public void A_closed_coroutine_is_not_reported_as_never_awaited()
    {
        VirtualTimeLoop.Run(Test(), debug: true);

        _log.ShouldHaveSingleItem().ShouldContain("Dropped");

        async Coroutine Test()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => _log.Add(context.Message ?? "");
            Make();
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                await Asyncio.Sleep(0);
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Make()
        {
            Closed().Close();
#pragma warning disable ASYNCIO001 // that is the subject
            _ = Dropped();
#pragma warning restore ASYNCIO001
        }

        static async Coroutine Closed() => await Asyncio.Sleep(0);
        static async Coroutine Dropped() => await Asyncio.Sleep(0);
    }

    [Fact]
    [Rule("CORO-03")]
    public void Closing_a_suspended_coroutine_runs_its_finally_blocks_innermost_first()
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var gate = Asyncio.GetRunningLoop().CreateFuture<int>();
            var coroutine = Outer(gate);
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);
            coroutine.State.ShouldBe(CoroutineState.Suspended);

            coroutine.Close();

            _log.ShouldBe(["inner", "outer"]);
            coroutine.State.ShouldBe(CoroutineState.Closed);
            gate.SetResult(1);
            (await Caught.By(task)).ShouldBeOfType<InvalidOperationException>().Message.ShouldBe(
                $"cannot reuse already awaited coroutine '{coroutine.QualifiedName}': it was closed. To end one that a task runs, cancel the task");
            _log.ShouldBe(["inner", "outer"]);
        }

        async Coroutine Outer(Future<int> gate)
        {
            try
            {
                await Middle(gate);
                _log.Add("went on");
            }
            finally
            {
                _log.Add("outer");
            }
        }

        async Coroutine Middle(Future<int> gate) => await Inner(gate);

        async Coroutine Inner(Future<int> gate)
        {
            try
            {
                await gate;
                _log.Add("went on");
            }
            finally
            {
                _log.Add("inner");
            }
        }
    }

    [Fact]
    [Rule("CORO-03")]
    public void Closing_a_sleeping_coroutine_ends_it_without_its_time()
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var coroutine = Body();
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(1);
            coroutine.Close();
            _log.ShouldBe(["finally"]);
            (await Caught.By(task)).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("cannot reuse");
            _log.ShouldBe(["finally"]);
            Asyncio.GetRunningLoop().Time.ShouldBe(1, 0.001);
        }

        async Coroutine Body()
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            finally
            {
                _log.Add("finally");
            }
        }
    }

    [Fact]
    [Rule("CORO-03")]
    public void A_task_whose_coroutine_was_closed_can_be_cancelled_even_if_what_it_waited_for_never_comes()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var never = Asyncio.GetRunningLoop().CreateFuture<int>();
            var coroutine = Body(never);
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);
            coroutine.Close();

            task.Cancel();

            (await Caught.By(task)).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("cannot reuse");
            task.IsDone.ShouldBeTrue();
        }

        static async Coroutine Body(Future<int> never) => await never;
    }

    [Fact]
    [Rule("CORO-03")]
    public void A_failure_in_a_finally_block_comes_out_of_Close()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var gate = Asyncio.GetRunningLoop().CreateFuture<int>();
            var coroutine = Body(gate);
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);

            Should.Throw<FormatException>(coroutine.Close).Message.ShouldBe("from finally");

            coroutine.State.ShouldBe(CoroutineState.Closed);
            gate.SetResult(1);
            (await Caught.By(task)).ShouldNotBeNull();
        }

        static async Coroutine Body(Future<int> gate)
        {
            try
            {
                await gate;
            }
            finally
            {
                Fail();
            }
        }

        static void Fail() => throw new FormatException("from finally");
    }

    [Fact]
    [Rule("CORO-03")]
    public void A_coroutine_that_catches_everything_and_returns_is_closed()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var gate = Asyncio.GetRunningLoop().CreateFuture<int>();
            var coroutine = Body(gate);
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);

            coroutine.Close();

            coroutine.State.ShouldBe(CoroutineState.Closed);
            gate.SetResult(1);
            (await Caught.By(task)).ShouldBeOfType<InvalidOperationException>();
        }

        static async Coroutine Body(Future<int> gate)
        {
            try
            {
                await gate;
            }
#pragma warning disable ASYNCIO004 // even such a handler does not see it
            catch (Exception)
#pragma warning restore ASYNCIO004
            {
                return;
            }
        }
    }

    [Fact]
    [Rule("CORO-03")]
    public void A_coroutine_that_awaits_again_while_being_closed_ignored_Close()
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var gate = Asyncio.GetRunningLoop().CreateFuture<int>();
            var coroutine = Body(gate);
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);

            Should.Throw<InvalidOperationException>(coroutine.Close).Message.ShouldContain("coroutine ignored Close()");

            gate.SetResult(1);
            (await Caught.By(task)).ShouldNotBeNull();
            _log.ShouldBe(["finally"]);
        }

        async Coroutine Body(Future<int> gate)
        {
            try
            {
                await gate;
            }
            finally
            {
                await gate;
                _log.Add("finally");
            }
        }
    }

    public static TheoryData<string> Waits => ["turn", "sleep", "future", "lock", "coroutine", "task of .NET"];

    [Theory]
    [MemberData(nameof(Waits))]
    public void The_task_of_a_coroutine_that_ignored_Close_can_be_cancelled(string kind)
    {
        VirtualTimeLoop.Run(Test());
        _log.ShouldBe(["cancelled"]);

        async Coroutine Test()
        {
            var coroutine = Body();
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);
            Should.Throw<InvalidOperationException>(coroutine.Close).Message.ShouldContain("ignored Close()");
            coroutine.State.ShouldBe(CoroutineState.Suspended);
            task.ToString().ShouldContain("pending");
            task.Cancel().ShouldBeTrue();
            task.Cancel().ShouldBeTrue(); // no second entry of the queue comes of it
            await Asyncio.Wait([task], timeout: 1);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Body()
        {
            try
            {
                await Asyncio.GetRunningLoop().CreateFuture();
            }
            finally
            {
                await AwaitAndTell();
            }
        }

        async Coroutine AwaitAndTell()
        {
            try
            {
                await (kind switch
                {
                    "turn" => Asyncio.Sleep(0),
                    "sleep" => Asyncio.Sleep(9),
                    "future" => Future(),
                    "lock" => Lock(),
                    "coroutine" => Asyncio.Sleep<int>(9, 1),
                    _ => Dotnet(),
                });
            }
            catch (CancelledException)
            {
                _log.Add("cancelled");
                throw;
            }
        }

        static async Coroutine Future() => await Asyncio.GetRunningLoop().CreateFuture();

        static async Coroutine Dotnet() => await new TaskCompletionSource().Task;

        static async Coroutine Lock()
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            await mutex.Acquire();
        }
    }

    [Theory]
    [MemberData(nameof(Waits))]
    public void The_task_of_a_coroutine_that_ignored_Close_waits_for_what_that_awaits_now(string kind)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var gate = Asyncio.GetRunningLoop().CreateFuture<int>();
            var other = Asyncio.GetRunningLoop().CreateFuture<int>();
            var source = new TaskCompletionSource();
            var mutex = new AsyncLock();
            await mutex.Acquire();
            var coroutine = Body();
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);
            Should.Throw<InvalidOperationException>(coroutine.Close);
            gate.ToString().ShouldBe("<Future pending>"); // the task has left it
            await Asyncio.Sleep(0.5);
            gate.SetResult(1);
            await Asyncio.Sleep(0.5);
            _log.ShouldBe(kind == "turn" ? ["over"] : []);
            other.SetResult(1);
            source.SetResult();
            mutex.Release();
            await Asyncio.Wait([task], timeout: 10);
            _log.ShouldBe(["over"]);
            task.Exception().ShouldNotBeNull();

            async Coroutine Body()
            {
                try
                {
                    await gate;
                }
                finally
                {
                    switch (kind)
                    {
                        case "future":
                            await other;
                            break;
                        case "lock":
                            await mutex.Acquire();
                            break;
                        case "task of .NET":
                            await source.Task;
                            break;
                        case "coroutine":
                            await Asyncio.Sleep(5, 1);
                            break;
                        default:
                            await Asyncio.Sleep(kind == "turn" ? 0 : 5);
                            break;
                    }
                    _log.Add("over");
                }
            }
        }
    }

    [Fact]
    [Rule("CORO-03")]
    public void A_running_coroutine_cannot_close_itself()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var self = Asyncio.CurrentTask()!.Coroutine;
            self.State.ShouldBe(CoroutineState.Running);
            Should.Throw<InvalidOperationException>(self.Close).Message.ShouldContain("already executing");
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    [Rule("CORO-03")]
    public void Closing_a_finished_coroutine_changes_nothing()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Answer());
            await task;
            task.Coroutine.Close();
            task.Coroutine.State.ShouldBe(CoroutineState.Closed);
            task.Result().ShouldBe(42);

            var failed = Asyncio.CreateTask(Fail());
            await Caught.By(failed);
            failed.Coroutine.Close();
            failed.Exception().ShouldBeOfType<FormatException>();
        }

        static async Coroutine<int> Answer() => 42;
        static async Coroutine Fail() => throw new FormatException();
    }

    [Fact]
    [Rule("CORO-03")]
    public void A_coroutine_that_another_one_awaits_cannot_be_closed_alone()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var gate = Asyncio.GetRunningLoop().CreateFuture<int>();
            var inner = Inner(gate);
            var task = Asyncio.CreateTask(Outer(inner));
            await Asyncio.Sleep(0);

            Should.Throw<InvalidOperationException>(inner.Close).Message.ShouldContain("is awaited by");

            gate.SetResult(5);
            (await task).ShouldBe(5);
        }

        static async Coroutine<int> Outer(Coroutine<int> inner) => await inner;
        static async Coroutine<int> Inner(Future<int> gate) => await gate;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_wait_that_a_coroutine_awaits_cannot_be_closed_alone_nor_be_awaited_again(bool sleeps)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var flag = new AsyncEvent();
            var wait = sleeps ? Asyncio.Sleep(1) : flag.Wait();
            var task = Asyncio.CreateTask(Outer(wait), name: "outer");
            await Asyncio.Sleep(0);
            wait.State.ShouldBe(CoroutineState.Suspended);

            Should.Throw<InvalidOperationException>(wait.Close).Message.ShouldContain("is awaited in <Task pending name='outer'");
            (await Caught.By(Asyncio.CreateTask(Outer(wait)))).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("is being awaited already");

            flag.Set();
            await Asyncio.Wait([task], timeout: 2);
            task.IsDone.ShouldBeTrue();
            wait.Close(); // it has ended
            (await Caught.By(Asyncio.CreateTask(Outer(wait)))).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("cannot reuse");
        }

        static async Coroutine Outer(Coroutine wait) => await wait;
    }

    [Fact]
    [Rule("CORO-03")]
    public void A_coroutine_that_waits_for_an_operation_of_dotnet_cannot_be_closed()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var source = new TaskCompletionSource<int>();
            var coroutine = Body(source.Task);
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);

            Should.Throw<InvalidOperationException>(coroutine.Close).Message.ShouldContain("operation of .NET");

            source.SetResult(5);
            (await task).ShouldBe(5);
        }

        static async Coroutine<int> Body(Task<int> operation) => await operation;
    }

    [Fact]
    public void Closing_the_shared_turn_does_nothing()
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var turn = Asyncio.Sleep(0);
            turn.Close();
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("iteration"));
            await turn;
            _log.ShouldBe(["iteration"]);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_coroutine_cannot_close_the_one_that_awaits_it(int depth)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var outermost = new Coroutine[1];
            outermost[0] = Down(depth, outermost);
            await Asyncio.CreateTask(outermost[0]);
            _log.ShouldBe(["refused", "went on"]);
            outermost[0].State.ShouldBe(CoroutineState.Closed);
        }

        async Coroutine Down(int depth, Coroutine[] outermost)
        {
            if (depth > 0)
            {
                await Down(depth - 1, outermost);
                return;
            }
            outermost[0].State.ShouldBe(CoroutineState.Running);
            Should.Throw<InvalidOperationException>(outermost[0].Close).Message.ShouldContain("already executing");
            _log.Add("refused");
            await Asyncio.Sleep(0);
            _log.Add("went on");
        }
    }
}
