using AsyncioSharp;
using System.Collections.Concurrent;
using System.Text.Json;
using System.Net.Sockets;

/// <summary>Mistakes as they are made in a class of a service. What each rule has to say stands at the end of the line.</summary>
public partial class Cache(EventLoop loop, HttpClient http)
{
    private readonly Dictionary<string, Future<string>> _waiters = new();
    private readonly ConcurrentDictionary<string, string> _store = new();
    private readonly AsyncEvent _ready = new();
    private CoroutineTask? _task;

    public async Coroutine<string> Get(string key) { await Asyncio.Sleep(0.1); return key; }
    public Coroutine Refresh(string key) => Asyncio.Sleep(1);

    public void Touch(string key) => Refresh(key); // ASYNCIO001
    public void Touch2(string key) => _ = Refresh(key); // ASYNCIO001
    public void Touch3(IEnumerable<Cache?> all) { foreach (var c in all) c?.Refresh("x"); } // ASYNCIO001
    public void Touch4(int n) { _ = n switch { 0 => Refresh("a"), 1 => Refresh("b"), _ => Asyncio.Sleep(0) }; } // ASYNCIO001
    public async Coroutine All(string[] keys)
    {
        var loads = keys.Select(k => Get(k)).ToList();
        await Asyncio.Gather(loads);
        foreach (var l in loads) Console.WriteLine(await l); // ASYNCIO002
    }
    public async Coroutine Twice(string[] keys)
    {
        var loads = keys.Select(Get).ToArray();
        var first = await Asyncio.Gather(loads);
        Console.WriteLine(await loads[0]); // ASYNCIO002
    }
    public static async Coroutine<T> Retry<T>(Coroutine<T> work, int times)
    {
        for (var i = 0; ; i++)
        {
            try { return await work; } // ASYNCIO002
            catch (IOException) when (i < times) { await Asyncio.Sleep(i); }
        }
    }
    public async Coroutine<string?> TryGet(string key)
    {
        var get = Get(key);
        for (int i = 0; i < 3; i++)
        {
            try { return await Asyncio.WaitFor(get, 1); } // ASYNCIO002
            catch (TimeoutException) { }
        }
        return null;
    }
    public async Coroutine Alias() { var a = Get("a"); var b = a; Console.WriteLine(await a + await b); } // ASYNCIO002
    public async Coroutine<int> Length(string path) { await Asyncio.Sleep(0); return File.ReadAllLines(path).Length; } // ASYNCIO003
    public async Coroutine<string> Load(string path) { using var reader = new StreamReader(path); return reader.ReadToEnd(); } // ASYNCIO003
    public async Coroutine Save(string path) { await using var file = File.Create(path); file.Write([1, 2, 3]); } // ASYNCIO003
    public async Coroutine<string> Old(string url) => http.GetStringAsync(url).ConfigureAwait(false).GetAwaiter().GetResult(); // ASYNCIO003
    public async Coroutine<int> Tern(Task<int>? t) => t is null ? 0 : t.Result; // ASYNCIO003
    public async Coroutine<int?> Cond(Task<int>? t) => t?.Result; // ASYNCIO003
    public async Coroutine<int> Sum(IEnumerable<Task<int>> all) => all.Sum(t => t.Result); // ASYNCIO003
    public async Coroutine Local(string[] paths) { string Read(string p) => File.ReadAllText(p); foreach (var p in paths) Console.WriteLine(Read(p)); } // ASYNCIO003
    public async Coroutine<string> Cached(string path) => _store.GetOrAdd(path, p => File.ReadAllText(p)); // ASYNCIO003
    public async Coroutine Offload() { Task.Run(() => Thread.Sleep(100)).Wait(); } // ASYNCIO003
    public void Start() { loop.CallLater(1, () => { Thread.Sleep(10); Start(); }); } // ASYNCIO003
    public void Start2() { loop.CallLater(1, Tick); } // ASYNCIO003
    private void Tick() { Thread.Sleep(10); loop.CallLater(1, () => { }); }
    public async Coroutine Loop(Action<string> log)
    {
        while (true)
        {
            try { await Refresh("x"); await Asyncio.Sleep(1); }
            catch (Exception e) { log($"failed: {e.Message}"); } // ASYNCIO004
        }
    }
    public async Coroutine<bool> Try() { try { await Refresh("x"); return true; } catch { return false; } } // ASYNCIO004
    public async Coroutine<string> OrDefault() { try { return await Get("x"); } catch (Exception) { return ""; } } // ASYNCIO004
    public async Coroutine Filtered() { try { await Get("x"); } catch (Exception ex) when (ex is not (OutOfMemoryException or StackOverflowException)) { Console.WriteLine(ex); } } // ASYNCIO004
    public async Coroutine Nested() { try { foreach (var k in new[] { 1 }) { await Get("x"); } } catch (AggregateException) { throw; } catch (Exception ex) { if (ex is IOException { HResult: 3 }) throw; Console.WriteLine(ex); } } // ASYNCIO004
    public void Wire(Future<int> f) { f.AddDoneCallback(async t => { await Refresh("x"); }); } // ASYNCIO005
    public void Wire2() { loop.CallSoon(async state => await Refresh(state), "x"); } // ASYNCIO005
    public void Wire3() { async void Go() { await Refresh("x"); } loop.CallAt(3, Go); } // ASYNCIO005
    public void Wire4() { Action<Future> done = async _ => await Refresh("x"); _task!.AddDoneCallback(done); } // ASYNCIO005
    public async Coroutine Fire(string[] keys) { foreach (var k in keys) Asyncio.CreateTask(Refresh(k)); await Asyncio.Sleep(0); } // ASYNCIO006
    public void Fire2() { if (_task is null) loop.CreateTask(Refresh("x")); } // ASYNCIO006
    public void Fire3(string[] keys) => Array.ForEach(keys, k => { loop.CreateTask(Refresh(k)); }); // ASYNCIO006
    public async Coroutine Fire4() { var t = Asyncio.CreateTask(Refresh("x")); try { await Asyncio.Sleep(1); } finally { } } // ASYNCIO006
    public async Coroutine Both(string[] keys) { try { await Asyncio.Gather(keys.Select(k => Get(k))); } catch (HttpRequestException) { } } // ASYNCIO007
    public async Coroutine Both2() { using var client = new HttpClient(); var (a, b) = (Fetch(client, 1), Fetch(client, 2)); await Asyncio.Gather(a, b); } // ASYNCIO007
    static async Coroutine<string> Fetch(HttpClient c, int i) => await c.GetStringAsync($"https://x/{i}");
    public void Thread1() { new Thread(() => { foreach (var (key, f) in _waiters) f.SetResult(key); }).Start(); } // ASYNCIO008
    public void Thread2() => ThreadPool.QueueUserWorkItem(_ => _ready.Set()); // ASYNCIO008
    public void Thread3(FileSystemWatcher w) { w.Changed += (s, e) => { if (_waiters.TryGetValue(e.Name!, out var f)) f.SetResult(e.FullPath); }; } // ASYNCIO008
    public void Thread4(FileSystemWatcher w) { w.Created += OnCreated; } // ASYNCIO008
    private void OnCreated(object sender, FileSystemEventArgs e) => _ready.Set();
    public Task Thread5(string key) => http.GetStringAsync(key).ContinueWith(t => { if (t.IsFaulted) _waiters[key].SetException(t.Exception!); else _waiters[key].SetResult(t.Result); }); // ASYNCIO008
    public async Coroutine Thread6() { await Asyncio.ToThread(() => { var n = 3; return loop.CreateTask(Refresh("x")); }); } // ASYNCIO008
    public Timer Thread7() => new(_ => { lock (_waiters) { foreach (var f in _waiters.Values) { if (!f.IsDone) f.Cancel(); } } }); // ASYNCIO008
    public async Coroutine Thread8() { var f = loop.CreateFuture<int>(); _ = Task.Run(async () => { await Task.Delay(100); f.SetResult(1); }); await f; } // ASYNCIO008
    public void Thread9(Socket s) { Task.Run(() => { try { s.Receive(new byte[3]); _ready.Set(); } catch (SocketException e) { _waiters["x"].SetException(e); } finally { loop.Stop(); } }); } // ASYNCIO008
}
