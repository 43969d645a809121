using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Running;

/// <summary>What becomes of those who wait in other threads, or outside of any loop, when no loop will ever serve them; nobody may wait for ever.</summary>
public class ClosedLoopTests
{
    [Fact]
    public void A_coroutine_that_was_sent_but_not_begun_when_the_loop_closed_fails_for_its_sender()
    {
        var loop = VirtualTimeLoop.Create();
        var sent = Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(1, "never"), loop);
        loop.Close();

        sent.IsDone.ShouldBeTrue();
        sent.Exception().ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("Event loop is closed");
    }

    [Fact]
    public void A_coroutine_that_was_pending_when_the_loop_closed_fails_for_its_sender()
    {
        var loop = VirtualTimeLoop.Create();
        loop.LogWriter = new StringWriter();
        var sent = Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(3600, "never"), loop);
        loop.RunUntilComplete(Asyncio.Sleep(1));
        sent.IsDone.ShouldBeFalse();
        loop.Close();

        sent.IsDone.ShouldBeTrue();
        sent.Exception().ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("Event loop is closed");
    }

    [Fact]
    public void A_failure_after_the_sender_gave_up_is_still_reported()
    {
        var reports = new List<string?>();
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = (_, context) => reports.Add(context.Exception?.Message);
        Asyncio.Run(Main(), loopFactory: () => loop);

        reports.ShouldBe(["in cleanup"]);

        static async Coroutine Main()
        {
            var sent = Asyncio.RunCoroutineThreadsafe(Resisting(), Asyncio.GetRunningLoop());
            await Asyncio.Sleep(1);
            sent.Cancel().ShouldBeTrue();
            await Asyncio.Sleep(1);
        }

        static async Coroutine<int> Resisting()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException)
            {
                throw new FormatException("in cleanup");
            }
            return 0;
        }
    }

    [Fact]
    public async Task A_turn_that_is_awaited_where_no_loop_runs_does_no_harm_to_others()
    {
        await Should.ThrowAsync<InvalidOperationException>(Task.Run(static async () => await Asyncio.Sleep(0), TestContext.Current.CancellationToken));

        VirtualTimeLoop.Run(Main()).ShouldBe(1);

        static async Coroutine<int> Main()
        {
            await Asyncio.Sleep(0);
            return 1;
        }
    }

    [Fact]
    [Rule("AC-01", "GAT-04")]
    public void Turns_count_as_often_as_they_are_written()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int outcomes = 0;
            foreach (var coroutine in Asyncio.AsCompleted([Asyncio.Sleep(0), Asyncio.Sleep(0)]))
            {
                await coroutine;
                outcomes++;
            }
            outcomes.ShouldBe(2);

            var gathered = Asyncio.Gather(Asyncio.Sleep(0), Asyncio.Sleep(0));
            Asyncio.AllTasks().Count.ShouldBe(3);
            (await gathered).Length.ShouldBe(2);
        }
    }

    [Fact]
    public void A_loop_factory_that_gives_a_closed_loop_is_refused_before_anything_is_touched()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Close();
        var main = Asyncio.Sleep(1);

        Should.Throw<InvalidOperationException>(() => Asyncio.Run(main, loopFactory: () => loop)).Message.ShouldContain("closed");
        main.State.ShouldBe(CoroutineState.Created);
        main.Close();
    }

    [Fact]
    [Rule("ARUN-05")]
    public void A_phase_of_the_end_that_fails_does_not_keep_the_others_from_being_gone_through()
    {
        var loop = VirtualTimeLoop.Create();
        loop.LogWriter = new StringWriter();
        Should.Throw<InvalidOperationException>(() => Asyncio.Run(Main(), loopFactory: () => loop)).Message.ShouldContain("stopped before");

        loop.IsClosed.ShouldBeTrue();
        Should.Throw<InvalidOperationException>(() => loop.RunInExecutor(null, () => 1));

        static async Coroutine Main()
        {
            _ = Asyncio.CreateTask(Stopping());
            await Asyncio.Sleep(1);
        }

        static async Coroutine Stopping()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException)
            {
                Asyncio.GetRunningLoop().Stop();
                await Asyncio.Sleep(1);
            }
        }
    }

    [Fact]
    public void A_worker_cannot_wait_for_its_own_end()
    {
        using var executor = new ThreadPoolExecutor(1);
        var waiting = executor.Submit(() => executor.Shutdown(wait: true));
        waiting.Exception(30).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("Shutdown(wait: false)");
    }
}
