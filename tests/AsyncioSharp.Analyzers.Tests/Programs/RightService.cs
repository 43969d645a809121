using AsyncioSharp;
using System.Collections.Concurrent;
using System.Text.Json;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;

public record Item(int Id, string Name);

/// <summary>What looks like the mistakes and is right: no rule has anything to say.</summary>
public partial class Store(EventLoop loop, HttpClient http, ILog log)
{
    private readonly Dictionary<string, Future<string>> _waiters = new();
    private readonly Dictionary<string, CoroutineTask<string>> _running = new();
    private readonly HashSet<CoroutineTask> _background = [];
    private readonly ConcurrentQueue<Item> _inbox = new();
    private Exception? _failure;
    private CoroutineTask? _task;
    private Coroutine? _later;

    public async Coroutine<string> Get(string key) { await Asyncio.Sleep(0.1); return key; }
    public Coroutine Refresh(string key) => Asyncio.Sleep(1);
    public Coroutine<T> Retry<T>(Func<Coroutine<T>> make, int times = 3) => RetryCore(make, times);
    private static async Coroutine<T> RetryCore<T>(Func<Coroutine<T>> make, int times)
    {
        List<Exception>? errors = null;
        for (int i = 0; i < times; i++)
        {
            try { return await make(); }
            catch (Exception e) when (e is not CancelledException) { (errors ??= []).Add(e); }
        }
        throw new AggregateException(errors!);
    }
    // background set, as asyncio's docs say
    public void Spawn(Coroutine c) { var t = loop.CreateTask(c); _background.Add(t); t.AddDoneCallback(done => _background.Remove((CoroutineTask)done)); }
    // cache of tasks
    public Coroutine<string> Cached(string key) => !_running.TryGetValue(key, out var t) ? Fill(key) : Wait(t);
    private async Coroutine<string> Fill(string key) => await (_running[key] = Asyncio.CreateTask(Get(key)));
    private static async Coroutine<string> Wait(CoroutineTask<string> t) => await Asyncio.Shield(t);
    // lists of tasks
    public async Coroutine<string[]> Many(IEnumerable<string> keys)
    {
        var tasks = keys.Select(k => Asyncio.CreateTask(Get(k))).ToList();
        try { return [.. await Asyncio.Gather(tasks)]; }
        finally { foreach (var t in tasks) { if (!t.IsDone) t.Cancel(); } }
    }
    public async Coroutine<List<string>> InTurn(IEnumerable<string> keys) { var all = new List<string>(); foreach (var c in keys.Select(Get)) all.Add(await c); return all; }
    public async Coroutine InTurn2(string[] keys) { var coros = keys.Select(Get).ToList(); foreach (var c in coros) await c; }
    public async Coroutine InTurn3(string[] keys) { var coros = keys.Select(Get).ToList(); for (int i = 0; i < coros.Count; i++) await coros[i]; coros.Clear(); coros.AddRange(keys.Select(Get)); await Asyncio.Gather(coros); }
    public async Coroutine Lazy(string[] keys) { var gets = keys.Select(Get); await Asyncio.Gather(gets); await Asyncio.Gather(gets); } // made anew
    // WhenAny & timeouts with .NET tasks
    public async Coroutine<string?> Race(string a, string b)
    {
        using var cts = new CancellationTokenSource();
        Task<string>[] both = [http.GetStringAsync(a, cts.Token), http.GetStringAsync(b, cts.Token)];
        var winner = await Task.WhenAny(both);
        cts.Cancel();
        return winner.IsCompletedSuccessfully ? winner.Result : both.FirstOrDefault(t => t != winner) is { IsCompletedSuccessfully: true } other ? other.Result : null;
    }
    public async Coroutine<(string, int)> Pair(Task<string> s, Task<int> n) { await Task.WhenAll(s, n); return (s.Result, n.Result); }
    public async Coroutine<Dictionary<string, string>> ByKey(string[] keys)
    {
        var gets = keys.ToDictionary(k => k, k => http.GetStringAsync(k));
        await Task.WhenAll(gets.Values);
        return gets.ToDictionary(g => g.Key, g => g.Value.Result);
    }
    public async Coroutine<string[]> Pages(string[] urls) { var pages = urls.Select(async u => await http.GetStringAsync(u)).ToArray(); await Task.WhenAll(pages); return Array.ConvertAll(pages, p => p.Result); }
    public async Coroutine<int> ValueTasks(ChannelReader<int> r) { var v = r.ReadAsync(); return v.IsCompletedSuccessfully ? v.Result : await v; }
    public async Coroutine Drain(ChannelReader<int> r, ChannelWriter<int> w) { while (r.TryRead(out int x)) if (!w.TryWrite(x)) await w.WriteAsync(x); }
    // in memory
    public async Coroutine<byte[]> Pack(Item item) { using var buffer = new MemoryStream(); using (var w = new BinaryWriter(buffer)) { w.Write(item.Id); w.Flush(); } await using var json = new Utf8JsonWriter(buffer); JsonSerializer.Serialize(json, item); json.Flush(); await Asyncio.Sleep(0); return buffer.ToArray(); }
    public async Coroutine<string> Csv(IEnumerable<Item> items) { var text = new StringWriter(); foreach (var (id, name) in items) { text.Write(id); text.WriteLine(name); await Asyncio.Sleep(0); } return text.ToString(); }
    public async Coroutine<int> Lines(string text) { using TextReader r = new StringReader(text); int n = 0; while (r.ReadLine() is { } line) n += line.Length; return n; }
    // blocking where it may
    public async Coroutine<string> Offloaded(string path) => await Asyncio.ToThread(() => { using var r = new StreamReader(path); return r.ReadToEnd(); });
    public async Coroutine<string[]> Offloaded2(string[] paths) { string Read(string p) => File.ReadAllText(p); return await Asyncio.ToThread(() => paths.Select(Read).ToArray()); }
    public async Coroutine Offloaded3(object gate) { await Task.Run(() => { Monitor.Enter(gate); try { Thread.Sleep(1); } finally { Monitor.Exit(gate); } }); lock (gate) { _inbox.Clear(); } }
    public async Coroutine<bool> Quick(SemaphoreSlim s, Lock l) { if (!s.Wait(0)) return false; if (l.TryEnter()) l.Exit(); return s.Wait(TimeSpan.Zero); }
    // cancellation
    public async Coroutine Worker()
    {
        while (true)
        {
            try { await Refresh("x"); }
            catch (CancelledException) { log.Info("stopped"); throw; }
            catch (Exception e) { log.Info(e.Message); }
            await Asyncio.Sleep(1);
        }
    }
    public async Coroutine Cleanup() { try { await Refresh("x"); } catch { await Refresh("undo"); throw; } }
    public async Coroutine<string?> Timed() { try { return await Asyncio.WaitFor(Get("x"), 1); } catch (TimeoutException) { return null; } catch (HttpRequestException e) when (e.StatusCode is null) { return ""; } }
    public async Coroutine Translate() { try { await Refresh("x"); } catch (Exception e) when (e is not OperationCanceledException) { throw Wrap(e); } static Exception Wrap(Exception e) => new InvalidOperationException("x", e); }
    public async Coroutine Keep() { ExceptionDispatchInfo? info = null; try { await Refresh("x"); } catch (Exception e) { info = ExceptionDispatchInfo.Capture(e); } finally { log.Info("x"); } await Refresh("undo"); info?.Throw(); }
    public async Coroutine Keep2() { try { await Refresh("x"); } catch (Exception e) { _failure = e; } }
    public void End() { if (_failure is { } f) ExceptionDispatchInfo.Throw(f); if (_failure != null) throw _failure; }
    public async Coroutine Stop() { if (_task is { } t) { t.Cancel(); try { await t; } catch (CancelledException) { } } }
    public async Coroutine Rethrow() { try { await Refresh("x"); } catch (Exception e) { switch (e) { case TimeoutException: log.Info("slow"); throw; default: throw; } } }
    public async Coroutine Fail() { try { await Refresh("x"); } catch (Exception e) { log.Info("x"); Fatal(e); } }
    [System.Diagnostics.CodeAnalysis.DoesNotReturn] private static void Fatal(Exception e) => throw new InvalidOperationException("fatal", e);
    public async Coroutine TokenOnly(CancellationToken ct) { try { await Task.Delay(1, ct); } catch (OperationCanceledException) when (ct.IsCancellationRequested) { } }
    // callbacks
    public void Wire(Future<string> f) { f.AddDoneCallback(t => { if (!t.IsCancelled) log.Info(((Future<string>)t).Result()); }); loop.CallSoon(() => _task = loop.CreateTask(Refresh("x"))); loop.CallLater(1, static s => s.Go(), this); }
    public void Go() { _later = Refresh("x"); _ = loop.CreateTask(_later); Func<string, Coroutine> f = async s => await Refresh(s); Spawn(f("x")); }
    public Func<Coroutine> Factory(string key) => () => Refresh(key);
    public Lazy<Coroutine<string>> LazyOne => new(() => Get("x"));
    public Coroutine Choose(int n) => n switch { 0 => Refresh("a"), > 3 when n % 2 == 0 => Asyncio.Sleep(n), _ => throw new ArgumentOutOfRangeException(nameof(n)) };
    public async Coroutine Maybe(Store? other) { await (other?.Refresh("x") ?? Asyncio.Sleep(0)); if (other is { _later: { } l }) await l; Coroutine? c = null; try { c = Refresh("y"); await c; c = null; } finally { c?.Close(); } }
    // other threads, handed over
    public Task<string> FromThread(string key) => Task.Run(() => Asyncio.RunCoroutineThreadsafe(Get(key), loop).Result());
    public void Watch(FileSystemWatcher w) { w.Changed += (_, e) => loop.CallSoonThreadsafe(() => { if (_waiters.Remove(e.Name!, out var f)) f.SetResult(e.FullPath); }); w.Created += OnCreated; }
    private void OnCreated(object sender, FileSystemEventArgs e) => loop.CallSoonThreadsafe(Done, e.FullPath);
    private void Done(string path) { foreach (var f in _waiters.Values) f.SetResult(path); }
    public void Pump() { var thread = new Thread(Work) { IsBackground = true }; thread.Start(); void Work() { var own = new EventLoop(); var f = own.CreateFuture<int>(); own.CallSoon(() => f.SetResult(1)); own.RunUntilComplete(f); } }
    public void Pool(IEnumerable<Item> items) { Parallel.ForEach(items, item => { _inbox.Enqueue(item); loop.CallSoonThreadsafe(Flush); }); }
    private void Flush() { while (_inbox.TryDequeue(out var item)) if (_waiters.Remove(item.Name, out var f)) f.SetResult(item.Name); }
    public async Coroutine Group(string[] keys) { await new TaskGroup().Run(async g => { foreach (var k in keys) g.CreateTask(Refresh(k)); var last = g.CreateTask(Get("last")); log.Info(await last); }); }
    public async Coroutine<string[]> Outcomes(string[] keys) { var all = await Asyncio.Gather(keys.Select(Get)); var first = Get("a"); var second = Get("b"); var pair = await Asyncio.Gather(first, second); return [.. all, .. pair]; }
    public async Coroutine Branches(bool b) { var c = Get("x"); string s = b ? await c : ""; var d = Get("y"); if (!b) { log.Info(await d); } else { d.Close(); } log.Info(s); }
    public async Coroutine Swap() { var current = Get("a"); var next = Get("b"); for (int i = 0; i < 3; i++) { log.Info(await current); (current, next) = (next, Get($"{i}")); } next.Close(); }
    public async Coroutine<T> With<T>(T resource, Func<T, Coroutine<T>> use) where T : IAsyncDisposable { await using (resource) { return await use(resource); } }
    public async IAsyncEnumerable<Item> Items() { while (_inbox.TryDequeue(out var i)) { await Task.Yield(); yield return i; } }
    public async Coroutine Each() { await foreach (var item in Items()) log.Info(item.Name); await foreach (var t in Task.WhenEach(http.GetStringAsync("a"), http.GetStringAsync("b"))) log.Info(t.Result); }
}
public interface ILog { void Info(string s); }
static class Ext { public static async Coroutine Log(this Coroutine c, ILog log) { await c; log.Info("done"); } public static Coroutine Twice(this Func<Coroutine> f) => Both(f); static async Coroutine Both(Func<Coroutine> f) { await f(); await f(); } }
