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
    public Task What_does_not_block_or_is_no_coroutine_is_not(string members) => Reports(members);

    [Theory]
    [InlineData("async Coroutine M(Task<int> t) => Print(t.Result);", "Await the task", "async Coroutine M(Task<int> t) => Print(await t);")]
    [InlineData("async Coroutine M(Task<string> t) => Print(t.Result.Length);", "Await the task", "async Coroutine M(Task<string> t) => Print((await t).Length);")]
    [InlineData("async Coroutine M(Task t) => t.Wait();", "Await the task", "async Coroutine M(Task t) => await t;")]
    [InlineData("async Coroutine M(Task t) => t.GetAwaiter().GetResult();", "Await the task", "async Coroutine M(Task t) => await t;")]
    [InlineData("async Coroutine M() => Thread.Sleep(1500);", "Await Asyncio.Sleep", "async Coroutine M() => await Asyncio.Sleep(1.5);")]
    [InlineData("async Coroutine M(int n) => Thread.Sleep(n);", "Await Asyncio.Sleep", "async Coroutine M(int n) => await Asyncio.Sleep(TimeSpan.FromMilliseconds(n));")]
    [InlineData("async Coroutine M() => Thread.Sleep(TimeSpan.FromSeconds(2));", "Await Asyncio.Sleep", "async Coroutine M() => await Asyncio.Sleep(TimeSpan.FromSeconds(2));")]
    [InlineData("async Coroutine<int> M() => File.ReadAllText(\"x\").Length;", "Await ReadAllTextAsync", "async Coroutine<int> M() => (await File.ReadAllTextAsync(\"x\")).Length;")]
    [InlineData("async Coroutine M(SemaphoreSlim s) => s.Wait();", "Await WaitAsync", "async Coroutine M(SemaphoreSlim s) => await s.WaitAsync();")]
    public Task A_blocking_call_becomes_an_await(string members, string title, string fixedMembers)
        => new Snippet(members).ShouldBecome(fixedMembers, new BlockingCallAnalyzer(), new BlockingCallFix(), title);

    [Theory]
    [InlineData("async Coroutine M(object gate) { Monitor.Enter(gate); }")]
    [InlineData("async Coroutine M(object gate, Task t) { lock (gate) { t.Wait(); } }")]
    public async Task No_await_is_offered_where_none_helps(string members)
        => (await new Snippet(members).Fixes(new BlockingCallAnalyzer(), new BlockingCallFix())).ShouldBeEmpty();
}
