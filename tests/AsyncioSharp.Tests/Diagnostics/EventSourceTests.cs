using System.Diagnostics.Tracing;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Diagnostics;

public class EventSourceTests
{
    [Fact]
    public void Starts_and_ends_of_tasks_are_events_and_steps_only_with_their_keyword()
    {
        var events = Record(EventLevel.Informational, keywords: 1);

        events.Select(e => e.Name).ShouldBe(["TaskStart", "TaskStart", "TaskStart", "TaskStop", "TaskStop", "TaskStop"]);
        events.Where(e => e.Name == "TaskStop").Select(e => (e.Payload[2], e.Payload[3]))
            .ShouldBe([("good", "succeeded"), ("bad", "failed"), ("main", "succeeded")], ignoreOrder: true);
        events[0].Payload[3].ShouldBe("EventSourceTests.Record.<locals>.Main");
        events.Where(e => e.Name == "TaskStart").Select(e => e.Payload[1]).ShouldBe(events.Where(e => e.Name == "TaskStop").Select(e => e.Payload[1]), ignoreOrder: true);
    }

    [Fact]
    public void Steps_come_in_pairs()
    {
        var events = Record(EventLevel.Verbose, keywords: 2);

        events.ShouldNotBeEmpty();
        events.Chunk(2).ShouldAllBe(pair => pair.Length == 2 && pair[0].Name == "StepStart" && pair[1].Name == "StepStop");
        events.ShouldContain(e => e.Name == "StepStart" && ((string)e.Payload[1]!).Contains("name='good'"));
    }

    [Fact]
    public void The_first_task_after_a_listener_attached_has_its_start_too()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        using var listener = new Listener(loop.Number, EventLevel.Informational, (EventKeywords)1);
        loop.RunUntilComplete(loop.CreateTask(Asyncio.Sleep(1), "main"));
        loop.Close();

        listener.Events.Select(e => (e.Name, e.Payload[2])).ShouldBe([("TaskStart", "main"), ("TaskStop", "main")]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Children_of_a_gather_have_their_events_as_all_tasks(bool fromTheStart)
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        Listener? listener = null;
        loop.RunUntilComplete(loop.CreateTask(Main(), "main"));
        loop.Close();
        listener!.Dispose();

        string[] names = [.. listener.Events.Select(static e => e.Name)];
        names.ShouldBe(fromTheStart ? ["TaskStart", "TaskStart", "TaskStop", "TaskStop", "TaskStop"] : ["TaskStop", "TaskStop", "TaskStop"]);
        listener.Events.Where(static e => e.Name == "TaskStop").ShouldAllBe(static e => Equals(e.Payload[3], "succeeded"));

        async Coroutine Main()
        {
            listener = fromTheStart ? Listen() : null;
            var gather = Asyncio.Gather(Child().Anew(), Child().Anew());
            await Asyncio.Sleep(0);
            listener ??= Listen();
            await gather;
        }

        Listener Listen() => new(loop.Number, EventLevel.Informational, (EventKeywords)1);

        static async Coroutine<int> Child()
        {
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            return 1;
        }
    }

    [Fact]
    public void What_runs_for_an_async_method_has_the_name_of_the_task_that_called_it()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        using var listener = new Listener(loop.Number, EventLevel.Informational, (EventKeywords)1);
        loop.RunUntilComplete(loop.CreateTask(Main(), "main"));
        loop.Close();

        listener.Events.Select(e => (e.Name, e.Payload[2])).ShouldBe([("TaskStart", "main"), ("TaskStart", "main"), ("TaskStop", "main"), ("TaskStop", "main")]);

        static async Coroutine Main() => await Method();

        static async Task Method() => await Asyncio.Sleep(1);
    }

    [Fact]
    public void The_end_of_a_run_is_a_step_that_names_its_task()
        => Record(EventLevel.Verbose, keywords: 2)
            .Where(e => e.Name == "StepStart")
            .Select(e => (string)e.Payload[1]!)
            .Last()
            .ShouldStartWith("<end of the run of <Task finished name='main'");

    private static List<(string Name, object?[] Payload)> Record(EventLevel level, int keywords)
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        using var listener = new Listener(loop.Number, level, (EventKeywords)keywords);
        async Coroutine Bad() => throw new FormatException();
        async Coroutine Main()
        {
            await Asyncio.Wait([Asyncio.CreateTask(Asyncio.Sleep(1), "good"), Asyncio.CreateTask(Bad(), "bad")]);
        }
        async Coroutine Settle()
        {
            for (int i = 0; i < 65; i++)
            {
                await Asyncio.Sleep(0); // until the loop has noticed the listener
            }
        }
        loop.RunUntilComplete(Settle());
        listener.Events.Clear();
        loop.RunUntilComplete(loop.CreateTask(Main(), "main"));
        loop.ExceptionHandler = (_, _) => { };
        loop.Close();
        return listener.Events;
    }

    private sealed class Listener(int loop, EventLevel level, EventKeywords keywords) : EventListener
    {
        private readonly bool _isReady = true; // the base class calls the next method before this object is complete

        public List<(string Name, object?[] Payload)> Events { get; } = [];

        protected override void OnEventSourceCreated(EventSource source)
        {
            if (source.Name == "AsyncioSharp")
            {
                EnableEvents(source, level, keywords);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs written)
        {
            if (_isReady && written.Payload is [int number, ..] && number == loop)
            {
                Events.Add((written.EventName!, [.. written.Payload]));
            }
        }
    }
}
