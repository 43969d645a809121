#pragma warning disable IDE1006 // in the programs of the page, a field is a variable like another
using System.Threading.Channels;
using AsyncioSharp.Interop.Tests.Support;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Interop.Tests.Guide;

/// <summary>The programs of docs/dotnet-interop.md. Each region stands there word for word, and is run here.</summary>
public sealed class GuideSnippets(WebServer server) : IClassFixture<WebServer>, IDisposable
{
    private readonly HttpClient http = new() { BaseAddress = server.Address };
    private readonly List<string> log = [];

    public void Dispose() => http.Dispose();

    [Fact]
    public void Awaiting()
    {
        Scenario.Run(() => Main());

        #region await
        async Coroutine Main()
        {
            string page = await http.GetStringAsync("hello/world");
            await File.WriteAllTextAsync(Path.GetTempFileName(), page).ConfigureAwait(false);
            log.Add($"still on the loop: {Asyncio.GetRunningLoop().IsRunning}");
        }
        #endregion

        log.ShouldBe(["still on the loop: True"]);
    }

    [Fact]
    public void Cancelling()
    {
        Scenario.Run(() => Main());

        #region cancel
        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Fetch());
            await Asyncio.Sleep(0.05);
            task.Cancel();
            await Asyncio.Wait(task);
        }

        async Coroutine Fetch()
        {
            try
            {
                await http.GetStringAsync("never", CoroutineTask.Current.CancellationToken);
            }
            catch (CancelledException)
            {
                log.Add("out of the await at once; the token ends the request as well");
                throw;
            }
        }
        #endregion

        log.Count.ShouldBe(1);
    }

    [Fact]
    public void Combining()
    {
        Scenario.Run(() => Main());

        #region combine
        async Coroutine Main()
        {
            // Wrapped: the operation gets a token, and has really ended when WaitFor throws.
            string page = await Asyncio.WaitFor(Asyncio.WrapFuture(token => http.GetStringAsync("hello/a", token)), timeout: 5);

            // In a coroutine: its await ends at once when it is cancelled.
            var (first, second) = await Asyncio.Gather(Get("hello/b"), Compute());

            // Wait tells tasks apart by the objects, so make them first. A .NET task that runs already is awaited in the same way.
            Task<string> running = http.GetStringAsync("hello/c");
            var task = Asyncio.CreateTask(Result(running));
            var (done, _) = await Asyncio.Wait([task], timeout: 5);
            log.Add($"{page}, {first}, {second}, {done.Single() == task}");
        }

        async Coroutine<string> Get(string path) => await http.GetStringAsync(path);

        async Coroutine<T> Result<T>(Task<T> operation) => await operation;

        async Coroutine<int> Compute()
        {
            await Asyncio.Sleep(0.01);
            return 2;
        }
        #endregion

        log.ShouldBe(["hello a, hello b, 2, True"]);
    }

    [Fact]
    public void Wrapping()
    {
        Scenario.Run(() => Main(new SemaphoreSlim(0)));

        #region wrap
        async Coroutine Main(SemaphoreSlim semaphore)
        {
            var task = Asyncio.CreateTask(Enter());
            await Asyncio.Sleep(0.01);
            task.Cancel();
            await Asyncio.Wait(task);
            semaphore.Release();
            log.Add($"entries: {semaphore.CurrentCount}"); // 1: the cancelled wait is over and has taken none

            async Coroutine Enter() => await Asyncio.WrapFuture(token => semaphore.WaitAsync(token));
        }
        #endregion

        log.ShouldBe(["entries: 1"]);
    }

    [Fact]
    public void Keeping()
    {
        var channel = Channel.CreateUnbounded<int>();
        Scenario.Run(async () =>
        {
            Asyncio.GetRunningLoop().CallLater(0.05, () => channel.Writer.TryWrite(1));
            await Main(channel);
        });

        #region keep
        async Coroutine Main(ChannelReader<int> reader)
        {
            Task<int> next = reader.ReadAsync().AsTask(); // a task may be kept, and awaited as often as you like
            try
            {
                await Asyncio.WaitFor(Result(next), timeout: 0.01);
            }
            catch (TimeoutException)
            {
                log.Add("not yet");
            }
            log.Add($"{await next}");
        }

        async Coroutine<T> Result<T>(Task<T> operation) => await operation;
        #endregion

        log[^1].ShouldBe("1");
    }

    [Fact]
    public void Disposing()
    {
        Scenario.Run(() => Main());

        #region dispose
        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Use());
            await Asyncio.Sleep(0.01);
            task.Cancel();
            await Asyncio.Wait(task);
        }

        async Coroutine Use()
        {
            try
            {
                await Asyncio.Sleep(60); // cancelled here
            }
            finally
            {
                await Asyncio.Sleep(0.01); // not interrupted: a request is delivered once
                log.Add("cleaned up");
            }
        }
        #endregion

        log.ShouldBe(["cleaned up"]);
    }

    [Fact]
    public void Methods()
    {
        Scenario.Run(() => Main());

        #region methods
        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Run(), name: "worker");
            await Asyncio.Sleep(0.01);
            task.Cancel();
            await Asyncio.Wait(task);

            async Coroutine Run()
            {
                await Method();
            }

            async Task Method() // C#'s own kind of async method
            {
                try
                {
                    await Asyncio.Sleep(60);
                }
                finally
                {
                    log.Add($"{Asyncio.CurrentTask()!.Name} cleans up"); // before Run sees the exception
                }
            }
        }
        #endregion

        log.ShouldBe(["worker cleans up"]);
    }

    [Fact]
    public void Iterating()
    {
        Scenario.Run(() => Main());

        #region iterate
        async Coroutine Main()
        {
            await foreach (int n in Count())
            {
                log.Add($"{n}");
            }
        }

        async IAsyncEnumerable<int> Count()
        {
            for (int n = 1; n <= 3; n++)
            {
                await Asyncio.Sleep(0.001);
                yield return n;
            }
        }
        #endregion

        log.ShouldBe(["1", "2", "3"]);
    }

    [Fact]
    public void Tokens()
    {
        Scenario.Run(() => Main());

        #region tokens
        async Coroutine Main()
        {
            using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
            try
            {
                await Asyncio.WaitFor(Work(), timeout: 60, source.Token);
            }
            catch (OperationCanceledException e) when (e.CancellationToken == source.Token)
            {
                log.Add("cancelled by our token");
            }

            static async Coroutine Work() => await Asyncio.Sleep(30);
        }
        #endregion

        log.ShouldBe(["cancelled by our token"]);
    }

    [Fact]
    public async Task Outward()
    {
        #region outward
        // A loop on a thread of its own, in a program whose Main is an async Task.
        var started = new TaskCompletionSource<EventLoop>();
        var stop = new CancellationTokenSource();
        var thread = new Thread(() => Asyncio.Run(UntilStopped()));
        thread.Start();
        var loop = await started.Task;

        int answer = await Compute(20).AsTask(loop); // sent to the loop; goes on here, not on the loop's thread

        stop.Cancel();
        thread.Join();

        async Coroutine UntilStopped()
        {
            started.SetResult(Asyncio.GetRunningLoop());
            try
            {
                await Asyncio.Sleep(double.PositiveInfinity, stop.Token);
            }
            catch (CancelledException)
            {
                // The end of Asyncio.Run cancels what is left, and closes the loop.
            }
        }

        async Coroutine<int> Compute(int n)
        {
            await Asyncio.Sleep(0.01);
            return n + 1;
        }
        #endregion

        answer.ShouldBe(21);
    }

    [Fact]
    public void Futures()
    {
        Scenario.Run(() => Main());

        #region futures
        async Coroutine Main()
        {
            Future<int> future = Asyncio.GetRunningLoop().CreateFuture<int>();
            Task<int> task = future.AsTask();
            Task<string> elsewhere = Task.Run(async () => $"in the thread pool: {await future}");

            future.SetResult(1);
            log.Add($"{await task}, {await elsewhere}");
        }
        #endregion

        log.ShouldBe(["1, in the thread pool: 1"]);
    }

    [Fact]
    public void Scheduling()
    {
        Scenario.Run(() => Main());

        #region scheduler
        async Coroutine Main()
        {
            var factory = new TaskFactory(Asyncio.GetRunningLoop().TaskScheduler);
            log.Add(await factory.StartNew(() => $"on the loop's thread: {Asyncio.GetRunningLoop().IsRunning}"));
        }
        #endregion

        log.ShouldBe(["on the loop's thread: True"]);
    }

    [Fact]
    public void Guest()
    {
        var host = new EventLoop(); // stands for a window's message loop
        host.CallSoon(() => _ = OnLoad());
        host.RunForever();
        host.Close();

        #region guest
        async Task OnLoad()
        {
            await Asyncio.RunAsGuest(Blink(1), SynchronizationContext.Current!); // a whole program; each iteration is one message of the window

            var loop = new EventLoop(); // or a loop that stays while the window does
            Task running = loop.RunAsGuest(SynchronizationContext.Current!);
            await Blink(2).AsTask(loop); // the window stays responsive meanwhile
            loop.Stop();
            await running;
            loop.Close();
            Quit();
        }

        async Coroutine Blink(int times)
        {
            for (int i = 0; i < times; i++)
            {
                log.Add("blink");
                await Asyncio.Sleep(0.01);
            }
        }
        #endregion

        log.ShouldBe(["blink", "blink", "blink"]);

        void Quit() => host.Stop();
    }

    [Fact]
    public void Time()
    {
        #region time
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            TimeProvider time = Asyncio.GetRunningLoop().TimeProvider;
            using var timer = new PeriodicTimer(TimeSpan.FromHours(1), time);
            await timer.WaitForNextTickAsync();
            await Task.Delay(TimeSpan.FromDays(1), time);
            log.Add($"{Asyncio.GetRunningLoop().Time / 3600} hours"); // and no time at all
        }
        #endregion

        log.ShouldBe(["25 hours"]);
    }

    [Fact]
    public void Channels()
    {
        Scenario.Run(() => Main());

        #region channel
        async Coroutine Main()
        {
            var channel = Channel.CreateBounded<int>(10);
            var producer = Task.Run(async () =>
            {
                for (int i = 0; i < 100; i++)
                {
                    await channel.Writer.WriteAsync(i);
                }
                channel.Writer.Complete();
            });

            int sum = 0;
            await foreach (int value in channel.Reader.ReadAllAsync(CoroutineTask.Current.CancellationToken))
            {
                sum += value; // on the loop's thread: no lock
            }
            log.Add($"{sum}");
            await producer;
        }
        #endregion

        log.ShouldBe(["4950"]);
    }
}
