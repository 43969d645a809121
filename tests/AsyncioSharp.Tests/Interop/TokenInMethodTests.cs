using System.IO.Pipelines;
using System.Threading.Channels;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// Methods of .NET that have given their task's token to the source of a value task, which cannot be taken from them: the token tells them of the request, and
/// that is the only time that they are told.
/// </summary>
public class TokenInMethodTests
{
    private readonly List<string> _log = [];
    private readonly Channel<int> _channel = Channel.CreateUnbounded<int>();

    /// <summary>What the method waits for.</summary>
    public enum Source
    {
        Channel,
        Pipe,
        Timer,
        Delay, // a task, for comparison
    }

    /// <summary>Who asks.</summary>
    public enum Request
    {
        Cancel,
        Timeout,
        Token,
        AsTask,
    }

    public static TheoryData<Source, Request, bool, bool> Cases => [..
        from source in Enum.GetValues<Source>()
        from request in Enum.GetValues<Request>()
        from inIterator in new[] { false, true }
        from cleansUpWithThisLibrary in new[] { false, true }
        select (source, request, inIterator, cleansUpWithThisLibrary)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_method_that_the_token_cancels_cleans_up_in_peace_before_its_caller_goes_on(Source source, Request request, bool inIterator, bool cleansUpWithThisLibrary)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cancelled", "cleaned", "over"]);

        async Coroutine Main()
        {
            using var master = new CancellationTokenSource();
            bool isMaster = request is Request.Token or Request.AsTask;
            var body = Body(isMaster ? master.Token : null);
            var task = request switch
            {
                Request.Timeout => Asyncio.CreateTask(Asyncio.WaitFor(body, 1)),
                Request.Token => Asyncio.CreateTask(body, master.Token),
                Request.AsTask => Asyncio.CreateTask(Await(body.AsTask(Asyncio.GetRunningLoop(), master.Token))),
                _ => Asyncio.CreateTask(body),
            };
            await Asyncio.Sleep(0.5);
            if (isMaster)
            {
                master.Cancel();
            }
            else if (request == Request.Cancel)
            {
                task.Cancel();
            }
            await Asyncio.Wait(task);
            _log.Add("over");
            task.IsCancelled.ShouldBe(request != Request.Timeout);
            if (request == Request.Timeout)
            {
                task.Exception().ShouldBeOfType<TimeoutException>();
            }
        }

        async Coroutine Body(CancellationToken? token)
        {
            var known = token ?? CoroutineTask.Current.CancellationToken;
            await (inIterator ? Consume(known) : Method(source, cleansUpWithThisLibrary, known));
        }

        static async Coroutine Await(Task task) => await task;

        async Task Consume(CancellationToken token)
        {
            await foreach (int _ in Items(token))
            {
            }
        }

        async IAsyncEnumerable<int> Items([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token)
        {
            await Method(source, cleansUpWithThisLibrary, token);
            yield return 1;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Those_that_are_left_behind_clean_up_in_peace_too(bool cleansUpWithThisLibrary)
    {
        VirtualTimeLoop.Run(Main());
        _log.Order().ShouldBe(["cancelled", "cancelled", "cleaned", "cleaned"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            await Asyncio.Sleep(10);
        }

        async Coroutine Body()
        {
            var token = CoroutineTask.Current.CancellationToken;
            await Task.WhenAll(Method(Source.Delay, cleansUpWithThisLibrary, token), Method(Source.Delay, cleansUpWithThisLibrary, token));
        }
    }

    [Fact]
    public void A_second_request_interrupts_the_cleaning_up()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cleaning", "interrupted", "over"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            _log.Add("over");
        }

        async Coroutine Body() => await Method(CoroutineTask.Current.CancellationToken);

        async Task Method(CancellationToken token)
        {
            try
            {
                await _channel.Reader.ReadAsync(token);
            }
            finally
            {
                _log.Add("cleaning");
                try
                {
                    await Asyncio.Sleep(100, CancellationToken.None);
                }
                catch (CancelledException)
                {
                    _log.Add("interrupted");
                }
            }
        }
    }

    [Fact]
    public void Two_requests_at_once_are_two()
    {
        Ask(Method, static task =>
        {
            task.Cancel();
            task.Cancel();
        });
        _log.ShouldBe(["cancelled", "interrupted", "over True"]);

        async Task Method(CancellationToken token)
        {
            try
            {
                await _channel.Reader.ReadAsync(token);
            }
            catch (OperationCanceledException)
            {
                _log.Add("cancelled");
                await WaitForever("interrupted");
            }
        }
    }

    [Fact]
    public void A_method_that_got_its_item_before_gets_the_exception_where_it_waits_next()
    {
        Ask(Method, task =>
        {
            _channel.Writer.TryWrite(7).ShouldBeTrue();
            task.Cancel();
        });
        _log.ShouldBe(["item 7", "cancelled", "over True"]);

        async Task Method(CancellationToken token)
        {
            _log.Add($"item {await _channel.Reader.ReadAsync(token)}");
            await WaitForever("cancelled");
        }
    }

    [Fact]
    public void A_method_whose_source_knows_nothing_of_the_token_is_left_behind()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["over True", "item 7", "cancelled"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            _log.Add($"over {task.IsCancelled}");
            _channel.Writer.TryWrite(7).ShouldBeTrue();
            await Asyncio.Sleep(1);
        }

        async Coroutine Body()
        {
            _ = CoroutineTask.Current.CancellationToken; // somebody has it
            await Method();
        }

        async Task Method()
        {
            _log.Add($"item {await _channel.Reader.ReadAsync(CancellationToken.None)}");
            await WaitForever("cancelled");
        }
    }

    [Fact]
    public void A_method_that_refuses_is_not_asked_again()
    {
        Ask(Method, static task => task.Cancel());
        _log.ShouldBe(["refused", "went on", "over False"]);

        async Task Method(CancellationToken token)
        {
            try
            {
                await _channel.Reader.ReadAsync(token);
            }
            catch (OperationCanceledException)
            {
                _log.Add("refused");
            }
            await Asyncio.Sleep(1, CancellationToken.None);
            _log.Add("went on");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_exception_that_has_another_token_or_none_is_not_the_request(bool hasAnotherToken)
    {
        Ask(Method, task =>
        {
            _channel.Writer.TryWrite(7).ShouldBeTrue();
            task.Cancel();
        });
        _log.ShouldBe(["cancelled", "over True"]);

        async Task Method(CancellationToken token)
        {
            (await _channel.Reader.ReadAsync(token)).ShouldBe(7);
            await Fail(hasAnotherToken);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_method_that_was_left_behind_gets_the_exception_also_after_one_of_its_own(bool hasAnotherToken)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["over True", "cancelled"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            _log.Add($"over {task.IsCancelled}");
            _channel.Writer.TryWrite(7).ShouldBeTrue();
            await Asyncio.Sleep(10);
        }

        async Coroutine Body() => await Method();

        async Task Method()
        {
            (await _channel.Reader.ReadAsync(CancellationToken.None)).ShouldBe(7);
            await Fail(hasAnotherToken);
        }
    }

    [Fact]
    public void The_exception_of_one_method_is_not_that_of_another_that_goes_on_in_the_same_turn()
    {
        var items = Channel.CreateUnbounded<int>(new() { AllowSynchronousContinuations = true });
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["side", "item 8", "cancelled", "over True"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait([task], timeout: 10);
            _log.Add($"over {task.IsCancelled}");
        }

        async Coroutine Body()
        {
            _ = Side(CoroutineTask.Current.CancellationToken);
            await Method();
        }

        async Task Side(CancellationToken token)
        {
            try
            {
                await _channel.Reader.ReadAsync(token);
            }
            catch (OperationCanceledException)
            {
                _log.Add("side");
                items.Writer.TryWrite(8).ShouldBeTrue();
            }
        }

        async Task Method()
        {
            _log.Add($"item {await items.Reader.ReadAsync(CancellationToken.None)}");
            await WaitForever("cancelled");
        }
    }

    [Fact]
    public void The_message_of_the_request_is_that_of_the_task()
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel("why");
            (await Asyncio.GatherOutcomes(task))[0].Exception.ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("why");
        }

        async Coroutine Body() => await Method(CoroutineTask.Current.CancellationToken);

        async Task Method(CancellationToken token) => await _channel.Reader.ReadAsync(token);
    }

    // Runs a task whose method has its token, and asks it to cancel.
    private void Ask(Func<CancellationToken, Task> method, Action<CoroutineTask> ask)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            ask(task);
            await Asyncio.Wait([task], timeout: 10);
            _log.Add($"over {task.IsCancelled}");
        }

        async Coroutine Body() => await method(CoroutineTask.Current.CancellationToken);
    }

    private async Task WaitForever(string cancelled)
    {
        try
        {
            await Asyncio.Sleep(double.PositiveInfinity);
        }
        catch (CancelledException)
        {
            _log.Add(cancelled);
            throw;
        }
    }

    private async Task Fail(bool hasAnotherToken)
    {
        try
        {
            throw hasAnotherToken ? new OperationCanceledException(new CancellationToken(canceled: true)) : new TaskCanceledException("limit");
        }
        catch (OperationCanceledException)
        {
            await WaitForever("cancelled");
        }
    }

    private async Task Method(Source source, bool cleansUpWithThisLibrary, CancellationToken token)
    {
        try
        {
            await Operation(source, token);
        }
        catch (OperationCanceledException)
        {
            _log.Add("cancelled");
            throw;
        }
        finally
        {
            await CleanUp(cleansUpWithThisLibrary);
            _log.Add("cleaned");
        }
    }

    private static async Task CleanUp(bool withThisLibrary)
    {
        if (withThisLibrary)
        {
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(1);
        }
        else
        {
            await Task.Yield();
            await Task.Delay(TimeSpan.FromSeconds(1), Asyncio.GetRunningLoop().TimeProvider, CancellationToken.None);
        }
    }

    private async ValueTask Operation(Source source, CancellationToken token)
    {
        switch (source)
        {
            case Source.Channel:
                await _channel.Reader.ReadAsync(token);
                break;
            case Source.Pipe:
                await new Pipe().Reader.ReadAsync(token);
                break;
            case Source.Timer:
                using (var timer = new PeriodicTimer(TimeSpan.FromSeconds(1000), Asyncio.GetRunningLoop().TimeProvider))
                {
                    await timer.WaitForNextTickAsync(token);
                }
                break;
            default:
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
                break;
        }
    }
}
