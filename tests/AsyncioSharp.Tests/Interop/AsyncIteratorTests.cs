using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using static AsyncioSharp.Tests.Interop.OwnedMethodTests;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Async iterators under a coroutine: cancelled in the middle they clean up first, and those left half-consumed are disposed at the end.</summary>
public class AsyncIteratorTests
{
    private readonly List<string> _log = [];

    /// <summary>How the iterator is consumed.</summary>
    public enum Consumer
    {
        Foreach,
        ConfiguredForeach,
        TokenForeach,
        ThroughAnotherIterator,
        ThroughAsyncMethod,
    }

    public static TheoryData<Consumer> Consumers => [.. Enum.GetValues<Consumer>()];

    [Theory]
    [MemberData(nameof(Consumers))]
    public void Cancelled_while_the_iterator_waits_for_this_library_it_cleans_up_before_the_loop_is_left(Consumer consumer)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["item 1", "iterator cancelled: stop", "iterator cleaned up at 2.5", "loop left at 2.5"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Consume(consumer, Numbers()));
            await Asyncio.Sleep(1.5);
            task.Cancel("stop");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("stop");
        }

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                for (int n = 1; ; n++)
                {
                    await Asyncio.Sleep(1);
                    yield return n;
                }
            }
            finally
            {
                _log.Add("iterator cancelled: stop");
                await Asyncio.Sleep(1);
                _log.Add(FormattableString.Invariant($"iterator cleaned up at {Asyncio.GetRunningLoop().Time}"));
            }
        }
    }

    [Theory]
    [InlineData(Consumer.Foreach)]
    [InlineData(Consumer.ConfiguredForeach)]
    [InlineData(Consumer.TokenForeach)]
    [InlineData(Consumer.ThroughAnotherIterator)]
    public void Cancelled_while_the_iterator_waits_for_an_operation_of_NET_it_cleans_up_before_the_loop_is_left(Consumer consumer)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["item 1", "iterator cancelled at 1.5: stop", "loop left at 2.5"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Consume(consumer, Numbers()));
            await Asyncio.Sleep(1.5);
            task.Cancel("stop");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("stop");
        }

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                await After(1);
                yield return 1;
                await Interrupted();
                yield return 2;
                _log.Add("never");
            }
            finally
            {
                await After(1);
            }
        }

        async Task Interrupted()
        {
            try
            {
                await After(1);
            }
            catch (CancelledException e)
            {
                _log.Add(FormattableString.Invariant($"iterator cancelled at {Asyncio.GetRunningLoop().Time}: {e.CancelMessage}"));
                throw;
            }
        }
    }

    [Fact]
    public void Cancelled_in_the_body_of_the_loop_the_iterator_is_disposed()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["item 1", "disposed", "left"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1.5);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            _log.Add("left");
        }

        async Coroutine Body()
        {
            await foreach (int n in Numbers())
            {
                _log.Add($"item {n}");
                await After(100);
            }
        }

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                await Asyncio.Sleep(1);
                yield return 1;
                yield return 2;
            }
            finally
            {
                _log.Add("disposed");
            }
        }
    }

    [Fact]
    public void An_iterator_that_refuses_the_cancellation_goes_on()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["item 1", "item 2"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Consume(Consumer.Foreach, Numbers()));
            await Asyncio.Sleep(0.5);
            task.Cancel();
            await task;
        }

        static async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                await Asyncio.Sleep(1);
            }
            catch (CancelledException)
            {
            }
            yield return 1;
            await Asyncio.Sleep(1);
            yield return 2;
        }
    }

    [Fact]
    [Rule("INS-03")]
    public void The_current_task_in_the_iterator_is_the_consumers()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var tasks = Enumerable.Range(0, 3).Select(static _ => Asyncio.CreateTask(Own())).ToArray();
            await Asyncio.Wait(tasks);
            Array.ForEach(tasks, static task => task.Result());
        }

        static async Coroutine Own()
        {
            var self = CoroutineTask.Current;
            await foreach (var current in Tasks())
            {
                current.ShouldBeSameAs(self);
            }
        }

        static async IAsyncEnumerable<CoroutineTask?> Tasks()
        {
            yield return Asyncio.CurrentTask();
            await After(1);
            yield return Asyncio.CurrentTask();
            await Asyncio.Sleep(1);
            yield return Asyncio.CurrentTask();
            await Task.Yield();
            yield return Asyncio.CurrentTask();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("ARUN-08")]
    public void One_left_half_consumed_is_disposed_at_the_end_of_the_run(bool configured)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["main ends", "disposed at 2"]);

        async Coroutine Main()
        {
            var numbers = Numbers();
            if (configured)
            {
                (await numbers.GetAsyncEnumerator().MoveNextAsync().ConfigureAwait(false)).ShouldBeTrue();
            }
            else
            {
                (await numbers.GetAsyncEnumerator().MoveNextAsync()).ShouldBeTrue();
            }
            _log.Add("main ends");
        }

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                await Asyncio.Sleep(1);
                yield return 1;
                yield return 2;
            }
            finally
            {
                await Asyncio.Sleep(1);
                _log.Add(FormattableString.Invariant($"disposed at {Asyncio.GetRunningLoop().Time}"));
            }
        }
    }

    [Fact]
    public void Many_iterators_are_remembered_without_being_kept_alive()
    {
        var references = new List<WeakReference>();
        int disposed = 0;
        VirtualTimeLoop.Run(Main());
        disposed.ShouldBe(1);

        async Coroutine Main()
        {
            for (int i = 0; i < 100; i++)
            {
                await Begin();
            }
            Loop.Support.LoopHelpers.CollectGarbage();
            references.Count(static reference => reference.IsAlive).ShouldBeLessThan(10);
            var last = Numbers().GetAsyncEnumerator();
            await last.MoveNextAsync();
            GC.KeepAlive(last);
            Loop.Support.LoopHelpers.CollectGarbage();
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0); // those that were dropped are disposed by now
            disposed = 0;
            await Asyncio.GetRunningLoop().ShutdownAsyncGenerators();
            GC.KeepAlive(last);
        }

        async Coroutine Begin()
        {
            var iterator = Numbers().GetAsyncEnumerator();
            references.Add(new WeakReference(iterator));
            await iterator.MoveNextAsync();
        }

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                await Asyncio.Sleep(1);
                yield return 1;
            }
            finally
            {
                disposed++;
            }
        }
    }

    [Fact]
    [Rule("ARUN-08")]
    public void One_that_is_dropped_half_consumed_is_disposed_on_the_loop_when_it_is_collected()
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["disposed at 2 on the loop: True", "main ends"]);
        reports.ShouldHaveSingleItem().Message.ShouldStartWith("an error occurred during closing of asynchronous generator");
        reports[0].Exception.ShouldBeOfType<FormatException>();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            await Begin(Numbers());
            await Begin(Failing());
            await Begin(Finished());
            Loop.Support.LoopHelpers.CollectGarbage();
            await Asyncio.Sleep(5);
            _log.Add("main ends");
        }

        static async Coroutine Begin(IAsyncEnumerable<int> numbers) => await numbers.GetAsyncEnumerator().MoveNextAsync();

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                await After(1);
                yield return 1;
            }
            finally
            {
                await Asyncio.Sleep(1);
                _log.Add(FormattableString.Invariant($"disposed at {Asyncio.GetRunningLoop().Time} on the loop: {Asyncio.CurrentTask() is not null}"));
            }
        }

        static async IAsyncEnumerable<int> Failing()
        {
            try
            {
                await Asyncio.Sleep(0);
                yield return 1;
            }
            finally
            {
                Throw();
            }
        }

        static async IAsyncEnumerable<int> Finished()
        {
            await Asyncio.Sleep(0);
            yield break;
        }

        static void Throw() => throw new FormatException();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [Rule("ARUN-08")]
    public void One_that_is_collected_right_before_the_end_is_disposed_in_peace_as_one_that_is_not(int turns)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["main ends", "disposed"]);

        async Coroutine Main()
        {
            await Begin(Numbers());
            await Begin(Finished()); // so that nothing refers to the first any more
            Loop.Support.LoopHelpers.CollectGarbage();
            for (int turn = 0; turn < turns; turn++)
            {
                await Asyncio.Sleep(0);
            }
            _log.Add("main ends");
        }

        static async Coroutine Begin(IAsyncEnumerable<int> numbers) => await numbers.GetAsyncEnumerator().MoveNextAsync();

        static async IAsyncEnumerable<int> Finished()
        {
            await Asyncio.Sleep(0);
            yield break;
        }

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                await Asyncio.Sleep(1);
                yield return 1;
            }
            finally
            {
                await Asyncio.Sleep(1);
                _log.Add("disposed");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("ARUN-08")]
    public void One_that_only_a_method_of_NET_has_awaited_is_disposed_at_the_end_too(bool raw)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["main ends", "disposed"]);

        async Coroutine Main()
        {
            var iterator = Numbers().GetAsyncEnumerator();
            await Begin(iterator);
            _log.Add("main ends");
            GC.KeepAlive(iterator); // dropped before, it might be collected and disposed before
        }

        static async Task Begin(IAsyncEnumerator<int> iterator) => await iterator.MoveNextAsync();

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                if (raw)
                {
                    await After(1);
                }
                else
                {
                    await Asyncio.Sleep(1);
                }
                yield return 1;
            }
            finally
            {
                _log.Add("disposed");
            }
        }
    }

    [Fact]
    public void One_that_never_had_to_wait_is_unknown_to_the_loop()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["disposed by its owner"]);

        async Coroutine Main()
        {
            (await Numbers("lost").GetAsyncEnumerator().MoveNextAsync()).ShouldBeTrue();
            await using var owned = Numbers("disposed by its owner").GetAsyncEnumerator();
            (await owned.MoveNextAsync()).ShouldBeTrue();
        }

        async IAsyncEnumerable<int> Numbers(string text)
        {
            try
            {
                await Task.CompletedTask;
                yield return 1;
            }
            finally
            {
                _log.Add(text);
            }
        }
    }

    private async Coroutine Consume(Consumer consumer, IAsyncEnumerable<int> numbers)
    {
        try
        {
            switch (consumer)
            {
                case Consumer.Foreach:
                    await foreach (int n in numbers)
                    {
                        _log.Add($"item {n}");
                    }
                    break;
                case Consumer.ConfiguredForeach:
                    await foreach (int n in numbers.ConfigureAwait(false))
                    {
                        _log.Add($"item {n}");
                    }
                    break;
                case Consumer.TokenForeach:
                    await foreach (int n in numbers.WithCancellation(CancellationToken.None))
                    {
                        _log.Add($"item {n}");
                    }
                    break;
                case Consumer.ThroughAnotherIterator:
                    await foreach (int n in Pass(numbers))
                    {
                        _log.Add($"item {n}");
                    }
                    break;
                default:
                    await Method(numbers);
                    break;
            }
        }
        catch (CancelledException)
        {
            _log.Add(FormattableString.Invariant($"loop left at {Asyncio.GetRunningLoop().Time}"));
            throw;
        }
    }

    private static async IAsyncEnumerable<int> Pass(IAsyncEnumerable<int> numbers)
    {
        await foreach (int n in numbers)
        {
            yield return n;
        }
    }

    private async Task Method(IAsyncEnumerable<int> numbers)
    {
        await foreach (int n in numbers)
        {
            _log.Add($"item {n}");
        }
    }

    [Fact]
    public void Two_at_once_under_one_task_belong_to_it_and_are_both_disposed_when_it_is_cancelled()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["a0", "b0", "a1", "b1", "a disposed", "b disposed", "over True"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(2.5);
            task.Cancel();
            await Asyncio.Wait(task);
            log.Add($"over {task.IsCancelled}");
        }

        async Coroutine Body()
        {
            var task = CoroutineTask.Current;
            await Task.WhenAll(Consume("a", task), Consume("b", task));
        }

        async Task Consume(string name, CoroutineTask task)
        {
            await foreach (int n in Items(name, task))
            {
                CoroutineTask.Current.ShouldBe(task);
                log.Add($"{name}{n}");
            }
        }

        async IAsyncEnumerable<int> Items(string name, CoroutineTask task)
        {
            try
            {
                for (int n = 0; ; n++)
                {
                    await Asyncio.Sleep(1);
                    CoroutineTask.Current.ShouldBe(task);
                    yield return n;
                }
            }
            finally
            {
                await Asyncio.Sleep(0);
                CoroutineTask.Current.ShouldBe(task);
                log.Add($"{name} disposed");
            }
        }
    }
}
