using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Code of .NET that is still out when its loop is closed: it is not lost, does not hang and does not end the process.</summary>
public class ClosedLoopPostTests
{
    [Fact]
    public void A_method_whose_operation_completes_after_the_loop_was_closed_goes_on_in_the_thread_pool()
    {
        var source = new TaskCompletionSource();
        var finished = new Signal();
        Task? method = null;
        bool cleanedUp = false;
        VirtualTimeLoop.Run(Main());
        new TestThread(source.SetResult).Join();
        finished.Wait();
        cleanedUp.ShouldBeTrue();
        method.ShouldNotBeNull();

        async Coroutine Main()
        {
            method = Method();
            await Asyncio.Sleep(1);
        }

        async Task Method()
        {
            try
            {
                await source.Task;
                Thread.CurrentThread.IsThreadPoolThread.ShouldBeTrue();
                Should.Throw<InvalidOperationException>(static () => Asyncio.GetRunningLoop());
            }
            finally
            {
                cleanedUp = true;
                finished.Set();
            }
        }
    }

    [Fact]
    public void An_iterator_that_was_left_behind_is_disposed_in_the_thread_pool_when_its_operation_completes_after_that()
    {
        var channel = System.Threading.Channels.Channel.CreateUnbounded<int>();
        var finished = new Signal();
        VirtualTimeLoop.Run(Main());
        channel.Writer.TryWrite(1).ShouldBeTrue();
        finished.Wait();

        async Coroutine Main()
        {
            _ = Asyncio.CreateTask(Consume());
            await Asyncio.Sleep(1);
        }

        async Coroutine Consume()
        {
            await foreach (int n in Iterate())
            {
                n.ShouldBe(0);
            }
        }

        async IAsyncEnumerable<int> Iterate()
        {
            try
            {
                yield return 0;
                yield return await channel.Reader.ReadAsync();
            }
            finally
            {
                finished.Set();
            }
        }
    }

    [Fact]
    public void A_coroutine_whose_operation_completes_after_the_loop_was_closed_is_dropped()
    {
        var source = new TaskCompletionSource();
        var loop = VirtualTimeLoop.Create();
        var reports = new List<ExceptionContext>();
        loop.ExceptionHandler = (_, context) => reports.Add(context);
        var task = loop.CreateTask(Await());
        loop.RunUntilComplete(Asyncio.Sleep(1));
        loop.Close();
        reports.ShouldHaveSingleItem().Message.ShouldBe("Task was destroyed but it is pending!");
        new TestThread(source.SetResult).Join();
        source.Task.IsCompletedSuccessfully.ShouldBeTrue();
        task.IsDone.ShouldBeFalse();

        async Coroutine Await() => await source.Task;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_failure_of_an_operation_does_not_surface_as_unobserved_when_the_loop_is_closed(bool queuedBefore)
    {
        var marker = new FormatException();
        int unobserved = 0;
        EventHandler<UnobservedTaskExceptionEventArgs> count = (_, e) =>
        {
            if (e.Exception.InnerExceptions.Contains(marker))
            {
                Interlocked.Increment(ref unobserved);
            }
        };
        TaskScheduler.UnobservedTaskException += count;
        try
        {
            Fail();
            LoopHelpers.CollectGarbage();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= count;
        }
        unobserved.ShouldBe(0);

        // Not inlined into the method above, which would keep the task alive.
        [MethodImpl(MethodImplOptions.NoInlining)]
        void Fail()
        {
            var source = new TaskCompletionSource();
            var loop = VirtualTimeLoop.Create();
            loop.ExceptionHandler = static (_, _) => { };
            _ = loop.CreateTask(Await(source));
            loop.RunUntilComplete(Asyncio.Sleep(1));
            if (!queuedBefore)
            {
                loop.Close();
            }
            new TestThread(() => source.SetException(marker)).Join();
            loop.Close();
        }

        static async Coroutine Await(TaskCompletionSource source) => await source.Task;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_posted_to_a_closed_loop_runs_in_the_thread_pool_and_its_failure_is_reported(bool queuedBefore)
    {
        var ran = new Signal();
        var reported = new Signal();
        var loop = VirtualTimeLoop.Create();
        Exception? failure = null;
        loop.ExceptionHandler = (_, context) =>
        {
            failure = context.Exception;
            reported.Set();
        };
        SynchronizationContext? synchronization = null;
        loop.CallSoon(() => synchronization = SynchronizationContext.Current);
        loop.RunUntilComplete(Asyncio.Sleep(0));
        if (!queuedBefore)
        {
            loop.Close();
        }
        new TestThread(() =>
        {
            synchronization!.Post(_ => ran.Set(), null);
            synchronization.Post(static _ => throw new FormatException(), null);
        }).Join();
        loop.Close();
        ran.Wait();
        reported.Wait();
        failure.ShouldBeOfType<FormatException>();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Send_to_a_loop_that_is_closed_raises_instead_of_waiting_for_ever(bool queuedBefore)
    {
        var loop = VirtualTimeLoop.Create();
        SynchronizationContext? synchronization = null;
        loop.CallSoon(() => synchronization = SynchronizationContext.Current);
        loop.RunUntilComplete(Asyncio.Sleep(0));
        if (!queuedBefore)
        {
            loop.Close();
        }
        var began = new Signal();
        var sender = new TestThread(() =>
        {
            began.Set();
            Should.Throw<InvalidOperationException>(() => synchronization!.Send(static _ => { }, null)).Message.ShouldContain("closed");
        });
        began.Wait();
        loop.Close();
        sender.Join();
    }
}
