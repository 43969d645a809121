using AsyncioSharp.CodeFixes;

namespace AsyncioSharp.Analyzers.Tests;

public class BlockingCallTests
{
    private static Task Reports(string members) => new Snippet(members).ShouldReport(new BlockingCallAnalyzer(), Rules.Blocking);

    [Theory]
    [InlineData("async Coroutine M(Task<int> t) { Print([|t.Result|]); }")]
    [InlineData("async Coroutine M(ValueTask<int> t) { Print([|t.Result|]); }")]
    [InlineData("async Coroutine M(Task t) { [|t.Wait()|]; }")]
    [InlineData("async Coroutine M(Task t) { [|Task.WaitAll(t)|]; }")]
    [InlineData("async Coroutine M(Task t) { [|t.GetAwaiter().GetResult()|]; }")]
    [InlineData("async Coroutine M(Task<int> t) { Print([|t.ConfigureAwait(false).GetAwaiter().GetResult()|]); }")]
    [InlineData("async Coroutine M(HttpClient client) { Print([|client.GetStringAsync(\"x\").Result|]); }")]
    [InlineData("async Coroutine M() { [|Thread.Sleep(1)|]; }")]
    [InlineData("async Coroutine M(object gate) { [|Monitor.Enter(gate)|]; }")]
    [InlineData("async Coroutine M(SemaphoreSlim s) { [|s.Wait()|]; }")]
    [InlineData("async Coroutine M(AutoResetEvent e) { [|e.WaitOne()|]; }")]
    [InlineData("async Coroutine M(ConcurrentFuture<int> f) { Print([|f.Result()|]); }")]
    [InlineData("async Coroutine M(BlockingCollection<int> q) { Print([|q.Take()|]); }")]
    [InlineData("async Coroutine M() { Print([|File.ReadAllText(\"x\")|]); }")]
    [InlineData("async Coroutine M(Stream s, byte[] b) { Print([|s.Read(b, 0, 1)|]); [|s.Flush()|]; }")]
    [InlineData("async Coroutine M(FileStream s, byte[] b) { [|s.Write(b, 0, 1)|]; }")]
    [InlineData("async Coroutine M(TextReader r) { Print([|r.ReadLine()|]); }")]
    [InlineData("async Coroutine M(HttpClient client, HttpRequestMessage m) { Print([|client.Send(m)|]); }")]
    [InlineData("async Coroutine M() { Print([|Console.ReadLine()|]); }")]
    [InlineData("Func<Coroutine> M() => async () => { [|Thread.Sleep(1)|]; };")]
    [InlineData("void M() { async Coroutine<int> Local(Task<int> t) => [|t.Result|]; Print(Local(null!)); }")]
    [InlineData("async Coroutine M(Task<int> t) { Print([|t.Result|]); await t; }")] // too late
    [InlineData("async Coroutine M(Task t) { [|Task.WaitAny(t)|]; [|t.Wait(100)|]; }")]
    [InlineData("async Coroutine M(Task<int>[] all) { Print([|all[0].Result|]); foreach (var t in all) Print([|t.Result|]); }")]
    [InlineData("async Coroutine M(Task<int>[] all, Task<int> t) { await Task.WhenAll(all); Print([|t.Result|]); }")]
    [InlineData("async Coroutine M(HttpClient client) { await client.GetStringAsync(\"x\"); Print([|client.GetStringAsync(\"y\").Result|]); }")]
    [InlineData("async Coroutine M(System.Diagnostics.Process p) { [|p.WaitForExit()|]; Print([|p.WaitForExit(100)|]); }")]
    [InlineData("async Coroutine M(Stream s, StreamReader r) { [|s.CopyTo(Stream.Null)|]; [|s.ReadExactly(new byte[1])|]; Print([|r.ReadToEnd()|]); }")]
    [InlineData("async Coroutine M() { [|File.WriteAllText(\"a\", \"b\")|]; foreach (var line in [|File.ReadLines(\"a\")|]) Print(line); }")]
    [InlineData("async Coroutine M() { await using (var f = new FileStream(\"a\", FileMode.Open)) { [|f.Flush()|]; } }")]
    [InlineData("async Coroutine M() { Print([|System.Net.Dns.GetHostAddresses(\"x\")|]); }")]
    [InlineData("async Coroutine M(ReaderWriterLockSlim l, Thread t) { [|l.EnterReadLock()|]; [|t.Join()|]; }")]
    [InlineData("async Coroutine M(BlockingCollection<int> q) { [|q.Add(0)|]; }")]
    [InlineData("async Coroutine M() { [|Parallel.For(0, 9, i => Print(i))|]; }")]
    [InlineData("async Coroutine M(Task<int> t) { await Fetch([|t.Result|]); }")]
    [InlineData("async Coroutine M(Task<int> t) { await Fetch([|t.Result|] + [|t.Result|]); }")]
    [InlineData("async Coroutine M(Task<int> t) { t = await Task.FromResult(Task.FromResult([|t.Result|])); Print(t.Result); }")]
    [InlineData("async Coroutine M(Lock l) { using ([|l.EnterScope()|]) { } [|l.Enter()|]; Print([|l.TryEnter(100)|]); }")]
    [InlineData(
        "async Coroutine M(object gate, BlockingCollection<int> q, ReaderWriterLockSlim l) { "
            + "Print([|Monitor.TryEnter(gate, 100)|]); Print([|q.TryTake(out _, 5)|]); Print([|l.TryEnterReadLock(_interval)|]); }")]
    [InlineData("async Coroutine M(Task<int> t) { Print(t is { [|Result|]: > 3 }); Print(t is { [|Result|]: 3, IsCompleted: true }); }")]
    [InlineData("async Coroutine M(Task<int> t, Task<int> u) { var copy = u; await t; Print([|copy.Result|]); }")]
    [InlineData("async Coroutine M(Task<int> t) { Func<Task> later = async () => await t; Print(later); Print([|t.Result|]); }")]
    [InlineData("async Coroutine M(HttpClient c) { var a = c.GetStringAsync(\"a\"); var b = c.GetStringAsync(\"b\"); await a; Print([|b.Result|]); }")]
    [InlineData("async Coroutine M(Task<int> a, Task<int> b) { Print([|a.Result|] + [|b.Result|]); await a; Print([|b.Result|]); }")]
    [InlineData("async Coroutine M(Stream s) { using var w = new StreamWriter(s); [|w.Write(1)|]; }")]
    [InlineData("async Coroutine M() { Stream s = Maybe() ? new MemoryStream() : File.OpenRead(\"x\"); [|s.Flush()|]; }")]
    [InlineData("async Coroutine M() { using var r = new StreamReader(\"x\"); Print([|r.ReadToEnd()|]); }")]
    [InlineData("async Coroutine M(Task<int> t, Task<int> u) { if ([|t.Wait(1000)|]) Print(t.Result); [|Task.WaitAll(u)|]; Print(u.Result); }")] // said once
    [InlineData("async Coroutine M(Stream s) { using var z = new System.IO.Compression.ZipArchive(s); Print([|z.Entries[0].Open()|]); }")]
    [InlineData("async Coroutine M(Task<int> t) { var awaiter = t.GetAwaiter(); Print([|awaiter.GetResult()|]); }")]
    [InlineData("async Coroutine M(Task<int> t) { await new TaskGroup().Run(async group => Print([|t.Result|])); }")]
    [InlineData("async Coroutine M(Task<int> t, List<Action> later) { later.Add(() => Print(t.IsCompleted)); Print([|t.Result|]); }")] // nobody has asked yet
    [InlineData("async Coroutine M(ConcurrentDictionary<string, string> all) { Print(all.GetOrAdd(\"a\", path => [|File.ReadAllText(path)|])); }")]
    [InlineData("async Coroutine M(Task<int>? t, Task<int>? u) { if (u?.IsCompleted == true) Print(t?[|.Result|]); Print(t?[|.GetAwaiter().GetResult()|]); }")]
    [InlineData("async Coroutine M(TaskCompletionSource<int> s, Task<int> t) { Print([|s.Task.Result|]); s.SetResult(1); Print([|t.Result|]); }")]
    [InlineData("async Coroutine M() { Stream s = new MemoryStream(); s ??= File.OpenRead(\"x\"); [|s.Flush()|]; }")]
    [InlineData("async Coroutine M(string[] paths) { string[] all = [.. paths.Select(path => [|File.ReadAllText(path)|])]; Print(all); }")]
    [InlineData("async Coroutine M(Context c) { c.Run(() => [|Thread.Sleep(1)|]); }")]
    [InlineData("async Coroutine M(ConcurrentFuture<int> f, ConcurrentFuture<int> g) { if (g.IsDone) Print([|f.Result()|]); Print([|f.Exception()|]); }")]
    [InlineData("async Coroutine M(ConcurrentFuture<int> f) { if (f.IsRunning) Print([|f.Result()|]); Print([|f.Result()|]); await Asyncio.WrapFuture(f); }")]
    [InlineData("async Coroutine M(ConcurrentFuture<int> f) { var wrapped = Asyncio.WrapFuture(f); Print([|f.Result()|]); Print(wrapped.IsDone); }")]
    [InlineData("async Coroutine M(ConcurrentFuture<int> f) { f.AddDoneCallback(Print); f.AddDoneCallback(_ => Print(1)); Print([|f.Result()|]); }")] // only there it is
    [InlineData("async Coroutine M(Task<int> t) { var a = t.GetAwaiter(); a.OnCompleted(() => Print(1)); Print([|a.GetResult()|]); }")]
    public Task A_call_that_blocks_the_loop_is_reported(string members) => Reports(members);

    [Theory]
    [InlineData("void M(Task<int> t) { Print(t.Result); Thread.Sleep(1); Print(File.ReadAllText(\"x\")); }")]
    [InlineData("async Task M(Task<int> t) { Print(t.Result); }")] // .NET's own analyzers are for those
    [InlineData("async Coroutine M() { await Asyncio.ToThread(() => Thread.Sleep(1)); await Asyncio.ToThread(() => File.ReadAllText(\"x\")); }")]
    [InlineData("async Coroutine M(Future<int> f) { Print(f.Result()); }")] // raises if it is not done
    [InlineData("async Coroutine M(CoroutineTask<int> t) { await t; Print(t.Result()); }")]
    [InlineData("async Coroutine M(Task<int> t) { await t; Print(t.Result); }")]
    [InlineData("async Coroutine M(Task<int> a, Task<int> b) { await Task.WhenAll(a, b); Print(a.Result + b.Result); }")]
    [InlineData("async Coroutine M(Task<int> t) { if (t.IsCompleted) Print(t.Result); }")]
    [InlineData("async Coroutine M(Task<int> t) { Print(t is { IsCompletedSuccessfully: true } ? t.Result : 0); }")]
    [InlineData("async Coroutine M(Task<int> t) { Print((await Task.WhenAny(t)).Result); }")]
    [InlineData("async Coroutine M(Task<int>[] all) { while (true) { var done = await Task.WhenAny(all); Print(done.Result); } }")]
    [InlineData("async Coroutine M(Task<int>[] all) { Task<int> done; done = await Task.WhenAny(all); Print(done.Result); }")]
    [InlineData("async Coroutine M(Task<int>[] all) { await Task.WhenAll(all); Print(all[0].Result); foreach (var t in all) Print(t.Result); }")]
    [InlineData("async Coroutine M(Task<int>[] all) { await all[1]; Print(all[1].Result); }")]
    [InlineData("async Coroutine M(Dictionary<int, Task<int>> all) { await Task.WhenAll(all.Values); Print(all[1].Result); foreach (var pair in all) Print(pair.Value.Result); }")]
    [InlineData("async Coroutine M(List<Task<int>> all) { foreach (var t in all.Where(each => each.IsCompleted)) Print(t.Result); }")]
    [InlineData("async Coroutine M(Task<int> t) { if (!t.IsCompleted) return; Print(t.Result); }")]
    [InlineData("async Coroutine M() { await Task.Run(() => Thread.Sleep(1)); new Thread(() => Thread.Sleep(1)).Start(); }")]
    [InlineData("async Coroutine M(AutoResetEvent e, ConcurrentFuture<int> f, Task t) { Print(e.WaitOne(0)); Print(f.Result(0)); Print(t.Wait(TimeSpan.Zero)); }")]
    [InlineData("async Coroutine M(object gate) { lock (gate) { Print(1); } }")]
    [InlineData("async Coroutine M(MemoryStream s, byte[] b, StringReader r) { Print(s.Read(b, 0, 1)); Print(r.ReadLine()); }")]
    [InlineData("async Coroutine M() { Console.WriteLine(); Console.Error.WriteLine(\"x\"); Console.Out.Flush(); }")]
    [InlineData("async Coroutine M() { Print(await File.ReadAllTextAsync(\"x\")); File.Delete(\"x\"); Print(File.Exists(\"x\")); }")]
    [InlineData("async Coroutine M(FileStream s) { s.Dispose(); }")]
    [InlineData("async Coroutine M(object gate) { if (Monitor.TryEnter(gate)) Monitor.Exit(gate); }")]
    [InlineData("async Coroutine M(CancellationTokenSource s) { s.Cancel(); }")]
    [InlineData("async Coroutine M(System.Data.Common.DbDataReader r) { while (await r.ReadAsync()) { Print(r.IsDBNull(0)); Print(r.GetFieldValue<int>(0)); } }")]
    [InlineData(
        "async Coroutine M() { Print(Task.FromResult(3).Result); Task.CompletedTask.Wait(); "
            + "ValueTask.CompletedTask.GetAwaiter().GetResult(); Task.FromCanceled(default).Wait(); }")]
    [InlineData(
        "async Coroutine M(Lock l, object gate, BlockingCollection<int> q) { Print(l.TryEnter()); "
            + "Print(Monitor.TryEnter(gate)); Print(q.TryTake(out _)); Print(q.TryAdd(1)); Print(l.TryEnter(TimeSpan.Zero)); }")]
    [InlineData(
        "async Coroutine M(Task<int> t, object o) { Print(t is { IsCompleted: true, Result: 3 }); "
            + "Print(t switch { { IsCompletedSuccessfully: true, Result: var x } => x, _ => 0 }); }")]
    [InlineData("Task<int> T = null!; async Coroutine M(Program p) { if (p is { T: { IsCompleted: true, Result: 1 } }) Print(1); }")]
    [InlineData("async Coroutine M(Task<int> t) { var copy = t; await copy; Print(t.Result); var other = t; Print(other.Result); }")]
    [InlineData("async Coroutine M(Task<int> t) { await t; if (t is { } same) Print(same.Result); if (t is Task<int> typed) Print(typed.Result); }")]
    [InlineData(
        "async Coroutine M(Dictionary<string, Task<int>> all) { await Task.WhenAll(all.Values); "
            + "foreach (var (key, t) in all) Print(t.Result); if (all.TryGetValue(\"x\", out var one)) Print(one.Result); }")]
    [InlineData("async Coroutine M() { var (a, b) = (Task.Run(() => 1), Task.Run(() => 2)); await Task.WhenAll(a, b); Print(a.Result + b.Result); }")]
    [InlineData("async Coroutine M() { var all = new List<Task<int>>(); var t = Task.Run(() => 1); all.Add(t); await Task.WhenAll(all); Print(t.Result); }")]
    [InlineData(
        "async Coroutine M(Task<int> a, Task<int> b) { Task<int>[] all = [a, b]; "
            + "var both = Task.WhenAll(all); await both; Print(a.Result); Print(all.Select(t => t.Result).Sum()); }")]
    [InlineData("async Coroutine M(Task<int>[] all) { foreach (var t in all) await t; Print(all.Sum(t => t.Result)); Print((from t in all select t.Result).ToList()); }")]
    [InlineData("async Coroutine M(Task<int>[] all) { await foreach (var t in Task.WhenEach(all)) Print(t.Result); }")]
    [InlineData("async Coroutine M(Task<int> t) { int Value() => t.Result; await t; Print(Value()); }")]
    [InlineData("async Coroutine M(Task<int> t) { await t; Func<int> value = () => t.Result; Print(value()); }")]
    [InlineData("async Coroutine M() { var done = Task.FromResult(3); var copy = done; Print(copy.Result); Print((Maybe() ? done : Task.FromResult(4)).Result); }")]
    [InlineData(
        "async Coroutine M() { Stream s = new MemoryStream(); s.Write(new byte[3]); "
            + "using var w = new StreamWriter(s); w.Write(1); w.Flush(); Print(new StreamReader(s).ReadToEnd()); }")]
    [InlineData(
        "async Coroutine M() { using var z = new System.IO.Compression.GZipStream(new MemoryStream(), System.IO.Compression.CompressionMode.Compress, true); "
            + "z.Write(new byte[3]); }")]
    [InlineData("async Coroutine M(bool b) { TextReader r = b ? new StringReader(\"x\") : TextReader.Null; Print(r.ReadLine()); }")]
    [InlineData(
        "void M(EventLoop loop, Future<int> f, Task<int> task) { task.ContinueWith(t => loop.CallSoonThreadsafe(() => f.SetResult(t.Result))); "
            + "var a = task.GetAwaiter(); a.OnCompleted(() => loop.CallSoonThreadsafe(() => f.SetResult(a.GetResult()))); }")]
    [InlineData("async Coroutine M(Task<int> a, Task<int> b) { await new TaskGroup().Run(async group => { await a; await b; }); Print(a.Result + b.Result); }")]
    [InlineData(
        "async Coroutine M(byte[] b) { using var z = new System.IO.Compression.ZipArchive(new MemoryStream(b)); "
            + "Print(z.Entries[0].Open()); foreach (var entry in z.Entries) Print(entry.Open()); }")]
    [InlineData(
        "async Coroutine M() { var jobs = new List<Func<int>> { () => File.ReadAllText(\"a\").Length }; jobs.Add(() => File.ReadAllText(\"b\").Length); "
            + "jobs.Insert(0, () => File.ReadAllText(\"c\").Length); foreach (var job in jobs) Print(await Asyncio.ToThread(job)); }")] // only kept there
    [InlineData(
        "async Coroutine M(Dictionary<int, Action> a, ConcurrentDictionary<int, Action> b, HashSet<Action> c) { "
            + "a.Add(1, () => Thread.Sleep(1)); b.TryAdd(1, () => Thread.Sleep(1)); c.Add(() => Thread.Sleep(1)); }")]
    [InlineData("async Coroutine M(List<IEnumerable<string>> all) { all.Add(new[] { \"a\" }.Select(path => File.ReadAllText(path))); }")]
    [InlineData("async Coroutine M(Task<int>? t) { if (t?.IsCompletedSuccessfully == true) Print(t.Result); }")]
    [InlineData("async Coroutine M(Task<int>? t) { if (t?.IsCompleted ?? false) Print(t!.Result); }")]
    [InlineData("async Coroutine M(Task<int> t, Task<int>[] all) { await t; Print(t?.Result); await Task.WhenAll(all); Print(all.FirstOrDefault()?.Result); }")]
    [InlineData("Task<int>? T; async Coroutine M(Program? p) { if (p?.T?.IsCompleted == true) Print(p.T.Result); await (p?.T!); Print(p?.T?.GetAwaiter().GetResult()); }")]
    [InlineData("async Coroutine M() { MemoryStream? s = Maybe() ? new MemoryStream() : null; Stream? same = new MemoryStream(); s?.Flush(); same?.Flush(); }")]
    [InlineData("async Coroutine M() { var s = new TaskCompletionSource<int>(); s.TrySetResult(1); Print(s.Task.Result); var t = s.Task; Print(t.Result); }")]
    [InlineData("async Coroutine M(Task<int> t) { int Value(int n) => n == 0 ? t.Result : Value(n - 1); await t; Print(Value(3)); }")] // its last naming counts
    [InlineData("async Coroutine M(ConcurrentFuture<int> f) { if (f.IsDone) Print(f.Result()); }")]
    [InlineData("async Coroutine M(ConcurrentFuture<int> f) { while (f is { IsDone: false }) await Asyncio.Sleep(1); Print(f.Exception()); }")]
    [InlineData("async Coroutine M(ConcurrentFuture<int> f) { await Asyncio.WrapFuture(f); Print(f.Result()); }")]
    [InlineData("async Coroutine M(ConcurrentFuture<int> f) { Print(await Asyncio.WaitFor(Asyncio.WrapFuture(f), 5)); Print(f.Result()); Print(f.Exception()); }")]
    [InlineData("async Coroutine M(ConcurrentFuture<int> f) { var wrapped = Asyncio.WrapFuture(f); await Asyncio.Sleep(1); if (wrapped.IsDone) Print(f.Result()); }")]
    [InlineData("async Coroutine M(EventLoop other) { var f = Asyncio.RunCoroutineThreadsafe(Fetch(), other); await f.AsTask(); var same = f; Print(same.Result()); }")]
    [InlineData(
        "async Coroutine M(List<ConcurrentFuture<int>> all) { await Asyncio.Gather(all.Select(f => Asyncio.WrapFuture(f))); "
            + "foreach (var f in all) Print(f.Result()); }")]
    [InlineData(
        "void M(EventLoop loop, ConcurrentFuture<int> f) { f.AddDoneCallback(done => loop.CallSoonThreadsafe(() => { Print(done.Exception()); Print(f.Result()); })); }")]
    public Task What_does_not_block_or_is_no_coroutine_is_not(string members) => Reports(members);

    [Theory]
    [InlineData("void M(EventLoop loop) { loop.CallSoon(() => [|Thread.Sleep(1)|]); }")]
    [InlineData("void M(EventLoop loop) { loop.CallSoon([|Thread.Sleep|], 5); }")]
    [InlineData("void M(Future<int> f, Task<int> t) { f.AddDoneCallback(_ => Print([|t.Result|])); }")]
    [InlineData("void M(EventLoop loop) { loop.CallLater(1, [|Tick|]); } void Tick() { Print(1); Thread.Sleep(1); }")]
    [InlineData("async Coroutine M() { Read(); Read(); string Read() => [|File.ReadAllText(\"x\")|]; }")]
    [InlineData("async Coroutine M() { One(); void One() => Two(); void Two() => [|Thread.Sleep(1)|]; }")]
    [InlineData("async Coroutine M(Task t) { Action wait = [|t.Wait|]; wait(); }")]
    [InlineData("async Coroutine M(Task<int> t) { var get = () => [|t.Result|]; Print(get()); }")]
    [InlineData("async Coroutine M(Action? then) { then ??= () => { }; Action wait = () => [|Thread.Sleep(1)|]; wait?.Invoke(); }")]
    [InlineData("async Coroutine M(List<string> names) { Print(names.Select([|File.ReadAllText|]).ToList()); names.ForEach(name => [|File.WriteAllText(name, \"\")|]); }")]
    [InlineData("async Coroutine M(List<Task<int>> all) { Print(all.Select(t => [|t.Result|]).Sum()); foreach (var x in all.Select(t => [|t.Result|])) Print(x); }")]
    public Task What_blocks_is_reported_in_callbacks_and_in_functions_that_coroutines_call(string members) => Reports(members);

    [Theory]
    [InlineData("async Coroutine M() { Print(await Asyncio.ToThread(Read)); string Read() => File.ReadAllText(\"x\"); }")]
    [InlineData("async Coroutine M(Task t) { Action wait = t.Wait; await Task.Run(wait); await Asyncio.ToThread(() => Thread.Sleep(1)); }")]
    [InlineData("async Coroutine M(string[] names) { Print(await Asyncio.ToThread(() => names.Select(File.ReadAllText).ToList())); }")]
    [InlineData("async Coroutine M(string[] names) { var later = names.Select(File.ReadAllText); Print(await Asyncio.ToThread(() => later.ToList())); }")]
    [InlineData(
        "async Coroutine M(string[] names) { Print(names.AsParallel().Select(File.ReadAllText)); Parallel(File.ReadAllText); } void Parallel(Func<string, string> read) { }")]
    [InlineData("void M(EventLoop loop) { loop.RunInExecutor(null, () => Thread.Sleep(1)); loop.CallSoon(() => _ = Task.Run(() => Thread.Sleep(1))); }")]
    [InlineData("void M(EventLoop loop) { Read(); string Read() => File.ReadAllText(\"x\"); loop.CallSoon(() => { }); }")]
    [InlineData("void M(EventLoop loop) { loop.CallSoon(Tick); } void Tick() { Print(Task.Run(() => Thread.Sleep(1))); }")]
    public Task What_blocks_elsewhere_is_not(string members) => Reports(members);

    [Theory]
    [InlineData("async Coroutine M(Task<int> t) => Print(t.Result);", "Await the task", "async Coroutine M(Task<int> t) => Print(await t);")]
    [InlineData("async Coroutine M(Task<string> t) => Print(t.Result.Length);", "Await the task", "async Coroutine M(Task<string> t) => Print((await t).Length);")]
    [InlineData("async Coroutine M(Task t) => t.Wait();", "Await the task", "async Coroutine M(Task t) => await t;")]
    [InlineData("async Coroutine M(Task t) => t.GetAwaiter().GetResult();", "Await the task", "async Coroutine M(Task t) => await t;")]
    [InlineData("async Coroutine M() => Thread.Sleep(1500);", "Await Asyncio.Sleep", "async Coroutine M() => await Asyncio.Sleep(1.5);")]
    [InlineData("async Coroutine M(int n) => Thread.Sleep(n);", "Await Asyncio.Sleep", "async Coroutine M(int n) => await Asyncio.Sleep(TimeSpan.FromMilliseconds(n));")]
    [InlineData("async Coroutine M() => Thread.Sleep(TimeSpan.FromSeconds(2));", "Await Asyncio.Sleep", "async Coroutine M() => await Asyncio.Sleep(TimeSpan.FromSeconds(2));")]
    [InlineData(
        "async Coroutine<int> M() => File.ReadAllText(\"x\").Length;",
        "Await ReadAllTextAsync",
        "async Coroutine<int> M() => (await File.ReadAllTextAsync(\"x\")).Length;")]
    [InlineData("async Coroutine M(SemaphoreSlim s) => s.Wait();", "Await WaitAsync", "async Coroutine M(SemaphoreSlim s) => await s.WaitAsync();")]
    [InlineData("async Coroutine M() => Thread.Sleep(_interval);", "Await Asyncio.Sleep", "async Coroutine M() => await Asyncio.Sleep(_interval);")]
    [InlineData("async Coroutine M() => Thread.Sleep(2 * _interval);", "Await Asyncio.Sleep", "async Coroutine M() => await Asyncio.Sleep(2 * _interval);")]
    [InlineData(
        "async Coroutine M(bool b) => Thread.Sleep(b ? 1 : 2);",
        "Await Asyncio.Sleep",
        "async Coroutine M(bool b) => await Asyncio.Sleep(TimeSpan.FromMilliseconds(b ? 1 : 2));")]
    [InlineData(
        "async Coroutine M(Task<int> a, Task<int> b) => Print((a ?? b).Result);",
        "Await the task",
        "async Coroutine M(Task<int> a, Task<int> b) => Print(await (a ?? b));")]
    [InlineData(
        "async Coroutine M(Program? p, Task<int> t) => p?.N(t.Result); void N(int n) { }",
        "Await the task",
        "async Coroutine M(Program? p, Task<int> t) => p?.N(await t); void N(int n) { }")]
    public Task A_blocking_call_becomes_an_await(string members, string title, string fixedMembers)
        => new Snippet(members).ShouldBecome(fixedMembers, new BlockingCallAnalyzer(), new BlockingCallFix(), title);

    [Theory]
    [InlineData("async Coroutine M(object gate) { Monitor.Enter(gate); }")]
    [InlineData("async Coroutine M(object gate, Task t) { lock (gate) { t.Wait(); } }")]
    [InlineData("Task<int> T = null!; async Coroutine M(Program? p) => Print(p?.T.Result);")]
    [InlineData("Task T = null!; async Coroutine M(Program? p) { p?.T.Wait(); }")]
    [InlineData("SemaphoreSlim S = null!; async Coroutine M(Program? p) { p?.S.Wait(); }")]
    [InlineData("async Coroutine M() => Thread.Sleep(Timeout.Infinite);")]
    [InlineData("async Coroutine M() => Thread.Sleep(-1);")]
    [InlineData("async Coroutine M() => Thread.Sleep(Timeout.InfiniteTimeSpan);")]
    [InlineData("async Coroutine M() { foreach (var line in File.ReadLines(\"a\")) Print(line); }")]
    [InlineData("async Coroutine M(FileStream f) { Print(f.Read(stackalloc byte[1])); }")]
    [InlineData("async Coroutine M(FileStream f, byte[] b) { Print(f.Read(b.AsSpan())); }")]
    public async Task No_await_is_offered_where_none_helps(string members)
        => (await new Snippet(members).Fixes(new BlockingCallAnalyzer(), new BlockingCallFix())).ShouldBeEmpty();
}
