using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Code that is not a coroutine waits for something of a loop that is closed first: whatever it waits for and wherever it runs, its wait ends.</summary>
public class ClosedLoopWaitTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(Signal.LimitSeconds);

    /// <summary>Who waits.</summary>
    public enum Form
    {
        AsTask,
        OtherThread,
        Method,
        MethodBelowATask,
        MethodForATask,
        MethodForACoroutine,
    }

    public static TheoryData<Form> Forms => [.. Enum.GetValues<Form>()];

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task The_wait_ends_with_an_explanation_if_the_loop_has_run(Form form)
    {
        var loop = new EventLoop();
        loop.ExceptionHandler = static (_, _) => { }; // tasks are left behind
        var future = loop.CreateFuture<int>();
        bool cleanedUp = false;
        Task? waiting = null;
        loop.RunUntilComplete(Main());
        waiting!.IsCompleted.ShouldBeFalse();
        loop.Close();

        (await Assert.ThrowsAsync<InvalidStateException>(() => waiting.WaitAsync(s_limit))).Message.ShouldContain("will never be done");
        cleanedUp.ShouldBe(form != Form.AsTask);
        GC.KeepAlive(future);

        async Coroutine Main()
        {
            switch (form)
            {
                case Form.AsTask:
                    waiting = future.AsTask();
                    break;
                case Form.OtherThread:
                    waiting = Task.Run(() => Await(future));
                    break;
                case Form.MethodBelowATask:
                    _ = Asyncio.CreateTask(Below());
                    break;
                case Form.MethodForATask:
                    waiting = Await(Asyncio.CreateTask(Asyncio.Sleep(1000, 1)));
                    break;
                case Form.MethodForACoroutine:
                    waiting = Await(Asyncio.Sleep(1000, 1));
                    break;
                default:
                    waiting = Await(future);
                    break;
            }
            await Task.Delay(20);
            await Asyncio.Sleep(0.001);
        }

        async Coroutine Below() => await (waiting = Await(future));

        async Task Await(IAwaitable<int> awaitable)
        {
            try
            {
                _ = awaitable switch
                {
                    Coroutine<int> coroutine => await coroutine,
                    CoroutineTask<int> task => await task,
                    _ => await (Future<int>)awaitable,
                };
            }
            finally
            {
                cleanedUp = true;
            }
        }
    }

    [Fact]
    public async Task A_future_that_is_done_gives_its_result_although_the_loop_is_closed_before_those_who_wait_were_told()
    {
        var loop = new EventLoop();
        var future = loop.CreateFuture<int>();
        Task<int>[] waiting = [];
        loop.RunUntilComplete(Main());
        future.SetResult(5);
        loop.Close();
        (await Task.WhenAll(waiting).WaitAsync(s_limit)).ShouldBe([5, 5, 5]);

        async Coroutine Main()
        {
            waiting = [future.AsTask(), Task.Run(() => Await(future)), Await(future)];
            await Task.Delay(20);
        }

        static async Task<int> Await(Future<int> future) => await future;
    }

    [Fact]
    public async Task Of_many_who_wait_those_who_went_on_are_forgotten()
    {
        var loop = VirtualTimeLoop.Create();
        var futures = Enumerable.Range(0, 30).Select(_ => loop.CreateFuture<int>()).ToArray();
        var waiting = Array.Empty<Task<int>>();
        loop.RunUntilComplete(Main());
        loop.Close();
        for (int i = 0; i < waiting.Length; i++)
        {
            if (i % 3 == 0)
            {
                await Assert.ThrowsAsync<InvalidStateException>(() => waiting[i].WaitAsync(s_limit));
            }
            else
            {
                (await waiting[i].WaitAsync(s_limit)).ShouldBe(i);
            }
        }

        async Coroutine Main()
        {
            waiting = [.. futures.Select(static (future, i) => i % 2 == 0 ? future.AsTask() : Await(future))];
            await Asyncio.Sleep(1);
            foreach (int i in Enumerable.Range(0, 30).OrderBy(static i => i * 7 % 30).Where(static i => i % 3 != 0))
            {
                futures[i].SetResult(i);
                await Asyncio.Sleep(0);
            }
            await Asyncio.Sleep(1);
        }

        static async Task<int> Await(Future<int> future) => await future;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_method_that_has_dealt_with_the_end_of_its_wait_for_a_coroutine_is_not_told_again(bool cancelled)
    {
        var loop = new EventLoop();
        loop.ExceptionHandler = static (_, _) => { }; // a task is left behind
        var done = loop.CreateFuture<int>();
        done.SetResult(5);
        Task<int>? waiting = null;
        loop.RunUntilComplete(Main());
        loop.Close();
        (await waiting!.WaitAsync(s_limit)).ShouldBe(5);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Below());
            await Asyncio.Sleep(0.001);
            if (cancelled)
            {
                task.Cancel();
                await Asyncio.Wait([task]);
            }
        }

        async Coroutine Below() => await (waiting = Deal());

        async Task<int> Deal()
        {
            try
            {
                await Asyncio.Sleep(1000, 1);
            }
            catch (Exception e) when (e is InvalidStateException or CancelledException)
            {
            }
            return await done;
        }
    }
}
