using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Introspection;

/// <summary>Tasks that wait for locks which others of them hold: who holds what is known where it is taken with <c>using</c>, and in debug mode always.</summary>
public class LockDeadlockTests
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void Two_tasks_that_each_want_the_lock_of_the_other_are_a_ring_and_suspected(bool isUsing, bool isDebug)
    {
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 0.02, Debug = isDebug };
        loop.CollectLog();
        var error = Should.Throw<DeadlockException>(() => loop.RunUntilComplete(Main()));
        error.Message.ShouldContain("and no other thread has woken the loop for 0.02 s.");
        error.Message.ShouldContain("Task 'left' #2: waits for <Future pending AsyncLock.Acquire()>, which Task 'right' #3 holds, ");
        error.Message.ShouldContain("Task 'right' #3: waits for <Future pending AsyncLock.Acquire()>, which Task 'left' #2 holds, ");
        error.Message.ShouldContain($"unless somebody else releases a lock:{Environment.NewLine}  Task 'left' #2 -> AsyncLock -> Task 'right' #3 -> AsyncLock -> Task 'left' #2");
        loop.ExceptionHandler = static (_, _) => { };
        loop.Close();

        async Coroutine Main()
        {
            CoroutineTask.Current.Name = "main";
            var first = new AsyncLock();
            var second = new AsyncLock();
            var left = Asyncio.CreateTask(isUsing ? Using(first, second) : ByHand(first, second), name: "left");
            var right = Asyncio.CreateTask(isUsing ? Using(second, first) : ByHand(second, first), name: "right");
            await Asyncio.Gather(left, right);
        }

        static async Coroutine Using(AsyncLock mine, AsyncLock other)
        {
            using (await mine.Acquire())
            {
                await Asyncio.Sleep(0);
                using var held = await other.Acquire();
            }
        }

        static async Coroutine ByHand(AsyncLock mine, AsyncLock other)
        {
            await mine.Acquire();
            await Asyncio.Sleep(0);
            await other.Acquire();
        }
    }

    [Fact]
    public void A_lock_that_somebody_else_may_release_is_no_certain_deadlock()
    {
        // On real time, where a mere suspicion waits for others for half a minute.
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 30, Debug = true };
        var thread = new Thread(target =>
        {
            Thread.Sleep(100);
            loop.CallSoonThreadsafe(((AsyncLock)target!).Release);
        });
        loop.RunUntilComplete(Main());
        thread.Join();
        loop.Close();

        async Coroutine Main()
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            thread.Start(mutex);
            await mutex.Acquire();
        }
    }

    [Fact]
    public void A_lock_that_is_held_below_an_async_method_is_held_by_the_task_that_awaits_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask.Current.Name = "main";
            var mutex = new AsyncLock();
            var end = Asyncio.GetRunningLoop().CreateFuture<int>();
            var owner = Asyncio.CreateTask(Own(mutex, end), name: "owner");
            await Asyncio.Sleep(1);
            var next = Asyncio.CreateTask(Hold(mutex, end), name: "next");
            await Asyncio.Sleep(1);
            string dump = OnLoop.Dump(); // here, as the dump quotes the line that asks for it
            dump.ShouldContain("Task 'next' #3: waits for <Future pending AsyncLock.Acquire()>, which Task 'owner' #2 holds");
            end.SetResult(1);
            await Asyncio.Gather(owner, next);
            OnLoop.Dump().ShouldStartWith("1 task of");
            mutex.IsLocked.ShouldBeFalse();
        }

        static async Coroutine Own(AsyncLock mutex, Future<int> end) => await Method(mutex, end);

        static async Task Method(AsyncLock mutex, Future<int> end)
        {
            using var held = await mutex.Acquire();
            await end;
        }
    }

    [Fact]
    public void A_lock_that_was_released_or_whose_holder_is_unknown_names_nobody()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var mutex = new AsyncLock();
            var end = Asyncio.GetRunningLoop().CreateFuture<int>();
            var released = Asyncio.CreateTask(Release(mutex, end), name: "released");
            await Asyncio.Sleep(0);
            await mutex.Acquire(); // by hand
            var next = Asyncio.CreateTask(Hold(mutex, end), name: "next");
            await Asyncio.Sleep(0);
            string dump = OnLoop.Dump();
            dump.ShouldContain("Task 'next' #3: waits for <Future pending AsyncLock.Acquire()>, 0.000 s old");
            dump.ShouldNotContain("which Task");
            end.SetResult(1);
            mutex.Release();
            await Asyncio.Gather(released, next);
        }

        static async Coroutine Release(AsyncLock mutex, Future<int> end)
        {
            var held = await mutex.Acquire();
            held.Dispose();
            await end;
            held.Dispose();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_lock_that_is_held_by_a_coroutine_of_an_async_method_is_the_callers_also_if_the_way_to_the_method_is_not_to_be_seen(bool isSeen)
    {
        VirtualTimeLoop.Run(Main(isSeen));

        static async Coroutine Main(bool isSeen)
        {
            var mutex = new AsyncLock();
            var end = Asyncio.GetRunningLoop().CreateFuture<int>();
            var owner = Asyncio.CreateTask(Own(isSeen, mutex, end), name: "owner");
            await Asyncio.Sleep(1);
            var next = Asyncio.CreateTask(Hold(mutex, end), name: "next");
            await Asyncio.Sleep(1);
            string dump = OnLoop.Dump();
            dump.ShouldContain("waits for <Future pending AsyncLock.Acquire()>, which Task 'owner' #2 holds, ");
            end.SetResult(1);
            await Asyncio.Gather(owner, next);
        }

        static async Coroutine Own(bool isSeen, AsyncLock mutex, Future<int> end)
            => await (isSeen ? Method(mutex, end) : Task.WhenAll(Method(mutex, end), Method(new AsyncLock(), end)));

        static async Task Method(AsyncLock mutex, Future<int> end) => await Hold(mutex, end);
    }

    [Fact]
    public void A_task_that_is_done_holds_nothing_even_if_it_has_not_released_it()
    {
        VirtualTimeLoop.Run(Main(), debug: true);

        static async Coroutine Main()
        {
            var mutex = new AsyncLock();
            var end = Asyncio.GetRunningLoop().CreateFuture<int>();
            await Asyncio.CreateTask(Take(mutex), name: "gone");
            var next = Asyncio.CreateTask(Hold(mutex, end), name: "next");
            await Asyncio.Sleep(0);
            string dump = OnLoop.Dump();
            dump.ShouldContain(": waits for <Future pending AsyncLock.Acquire()>, 0.000 s old");
            end.SetResult(1);
            mutex.Release();
            await next;
        }

        static async Coroutine Take(AsyncLock mutex) => await mutex.Acquire();
    }

    private static async Coroutine Hold(AsyncLock mutex, Future<int> end)
    {
        using var held = await mutex.Acquire();
        await end;
    }
}
