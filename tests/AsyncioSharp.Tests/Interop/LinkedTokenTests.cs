using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// A task that a token cancels waits in a function of this library that was given a token linked with that one, and hears of the linked one first: the exception
/// carries the task's.
/// </summary>
public class LinkedTokenTests
{
    /// <summary>What has the linked token.</summary>
    public enum Form
    {
        Sleep,
        WaitFor,
        Wait,
        AsCompleted,
        Task,
        Refused,
    }

    public static TheoryData<Form> Forms => [.. Enum.GetValues<Form>()];

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_exception_carries_the_token_of_the_task(Form form)
    {
        var waiting = new Signal();
        Asyncio.Run(Main());

        async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var ended = new Signal();
            CancelledException? seen = null;
            var ready = Asyncio.GetRunningLoop().CreateFuture();
            var canceller = new TestThread(() =>
            {
                waiting.Wait();
                source.Cancel();
            });
            var task = Asyncio.CreateTask(Work(), source.Token);
            task.AddDoneCallback(_ => ended.Set());
            await ready;
            await Asyncio.Sleep(0.01);
            waiting.Set();
            await Asyncio.Wait(task);
            canceller.Join();

            task.IsCancelled.ShouldBeTrue();
            Should.Throw<CancelledException>(() => task.Result()).CancellationToken.ShouldBe(source.Token);
            if (form != Form.Refused) // there it is no wait that is cancelled: the task has heard of nothing yet
            {
                seen!.CancellationToken.ShouldBe(source.Token);
                task.Cancelling.ShouldBe(1);
            }

            async Coroutine Work()
            {
                await Task.Yield(); // the task obeys its token from now on
                _ = source.Token.Register(ended.Wait); // not disposed, which would wait for it; of the callbacks the latest is called first
                using var linked = CancellationTokenSource.CreateLinkedTokenSource(source.Token);
                ready.SetResult(null);
                try
                {
                    await Waiting(linked.Token);
                }
                catch (CancelledException e)
                {
                    seen = e;
                    throw;
                }
            }
        }

        async Coroutine Waiting(CancellationToken linked)
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            switch (form)
            {
                case Form.Sleep:
                    await Asyncio.Sleep(100, linked);
                    break;
                case Form.WaitFor:
                    await Asyncio.WaitFor(Asyncio.Sleep(100, CancellationToken.None), 50, linked);
                    break;
                case Form.Wait:
                    await Asyncio.Wait([future], cancellationToken: linked);
                    break;
                case Form.AsCompleted:
                    await foreach (var next in Asyncio.AsCompleted([future], cancellationToken: linked))
                    {
                        await next;
                    }
                    break;
                case Form.Task:
                    await Asyncio.CreateTask(Asyncio.Sleep(100, CancellationToken.None), linked);
                    break;
                default:
                    waiting.Set();
                    while (!linked.IsCancellationRequested)
                    {
                        Thread.Yield();
                    }
                    await Asyncio.Sleep(100, linked);
                    break;
            }
        }
    }
}
