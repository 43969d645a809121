using System.Collections.Concurrent;
using System.Net;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Documentation;

/// <summary>The program that docs/coming-from-tasks.md shows twice.</summary>
public sealed class ComingFromTasksPage : IDisposable
{
    private static readonly string[] s_paths = ["a", "bb", "ccc", "dd", "e", "ffff"];

    private readonly Pages _pages = new();

    private HttpClient Http => new(_pages, disposeHandler: false) { BaseAddress = new Uri("http://pages/") };

    public void Dispose() => _pages.Dispose();

    [Fact]
    public async Task With_tasks()
    {
        (await Lengths(Http, s_paths, CancellationToken.None)).Values.Sum().ShouldBe(13);
        _pages.Most.ShouldBeInRange(1, 4);
        await Should.ThrowAsync<HttpRequestException>(() => Lengths(Http, ["never", "missing", "never"], CancellationToken.None));
        _pages.Open.ShouldBe(0);

        static async Task<IDictionary<string, int>> Lengths(HttpClient http, IEnumerable<string> paths, CancellationToken outer)
        {
            using var source = CancellationTokenSource.CreateLinkedTokenSource(outer);
            source.CancelAfter(TimeSpan.FromSeconds(10));
            using var places = new SemaphoreSlim(4);
            var lengths = new ConcurrentDictionary<string, int>();
            try
            {
                await Task.WhenAll(paths.Select(Measure));
                return lengths;
            }
            catch (OperationCanceledException) when (source.IsCancellationRequested && !outer.IsCancellationRequested)
            {
                throw new TimeoutException();
            }

            async Task Measure(string path)
            {
                try
                {
                    await places.WaitAsync(source.Token);
                    try
                    {
                        lengths[path] = (await http.GetStringAsync(path, source.Token)).Length;
                    }
                    finally
                    {
                        places.Release();
                    }
                }
                catch
                {
                    source.Cancel(); // the others need not go on
                    throw;
                }
            }
        }
    }

    [Fact]
    public void With_coroutines()
    {
        Asyncio.Run(Lengths(Http, s_paths)).Values.Sum().ShouldBe(13);
        _pages.Most.ShouldBe(4);
        Should.Throw<TaskGroupException>(() => Asyncio.Run(Lengths(Http, ["never", "missing", "never"]))).InnerExceptions.Single().ShouldBeOfType<HttpRequestException>();
        _pages.Open.ShouldBe(0);
        Should.Throw<TimeoutException>(() => VirtualTimeLoop.Run(Lengths(Http, ["never"])));
        _pages.Open.ShouldBe(0);

        static async Coroutine<IDictionary<string, int>> Lengths(HttpClient http, IEnumerable<string> paths)
        {
            var places = new AsyncSemaphore(4);
            var lengths = new Dictionary<string, int>(); // nobody else runs between two awaits: no lock
            await Asyncio.Timeout(10).Run(async timeout => await new TaskGroup().Run(async group =>
            {
                foreach (string path in paths)
                {
                    _ = group.CreateTask(Measure(path));
                }
            }));
            return lengths;

            async Coroutine Measure(string path)
            {
                using (await places.Acquire())
                {
                    lengths[path] = (await Asyncio.WrapFuture(token => http.GetStringAsync(path, token))).Length;
                }
            }
        }
    }

    /// <summary>A site whose pages consist of their names.</summary>
    private sealed class Pages : HttpMessageHandler
    {
        private int _open;
        private int _most;

        internal int Open => Volatile.Read(ref _open);

        internal int Most => Volatile.Read(ref _most);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            int open = Interlocked.Increment(ref _open);
            Interlocked.Exchange(ref _most, Math.Max(_most, open));
            try
            {
                string name = request.RequestUri!.AbsolutePath[1..];
                await (name == "never" ? Task.Delay(Timeout.Infinite, cancellationToken) : Task.Delay(1, cancellationToken));
                return new HttpResponseMessage(name == "missing" ? HttpStatusCode.NotFound : HttpStatusCode.OK) { Content = new StringContent(name) };
            }
            finally
            {
                Interlocked.Decrement(ref _open);
            }
        }
    }
}
