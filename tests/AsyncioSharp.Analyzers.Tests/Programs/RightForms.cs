using AsyncioSharp;
/// <summary>Right forms of bridges to tasks, waits, handlers, streams in memory and delegates, in one line each.</summary>
public static class RightForms
{
    static async Coroutine Work() => await Asyncio.Sleep(1);
    static async Coroutine<int> Num(int x) { await Asyncio.Sleep(1); return x; }
    static Future<int> Bridge(EventLoop loop, Task<int> task) { var f = loop.CreateFuture<int>(); task.ContinueWith(t => loop.CallSoonThreadsafe(() => { if (t.IsFaulted) f.SetException(t.Exception!.InnerException!); else f.SetResult(t.Result); }), TaskScheduler.Default); return f; }
    static Future<int> Bridge2(EventLoop loop, Task<int> task) { var f = loop.CreateFuture<int>(); task.ContinueWith(t => loop.CallSoonThreadsafe(() => f.SetResult(t.Result))); return f; }
    static Future<int> Bridge3(EventLoop loop, Task<int> task) { var f = loop.CreateFuture<int>(); var a = task.GetAwaiter(); a.OnCompleted(() => loop.CallSoonThreadsafe(() => f.SetResult(a.GetResult()))); return f; }
    static void Hand(EventLoop loop, Future<int> f) { var t = new Timer(_ => loop.CallSoonThreadsafe(() => f.Cancel())); new Thread(() => loop.CallSoonThreadsafe(loop.Stop)).Start(); GC.KeepAlive(t); }
    static async Coroutine InGroup(Task<int> a, Task<int> b) { await new TaskGroup().Run(async g => { await a; await b; }); Console.WriteLine(a.Result + b.Result); }
    static async Coroutine Waited(Task<int> a) { await Asyncio.WaitFor(Wrap(a), 1); Console.WriteLine(a.Result); }
    static async Coroutine Wrap(Task a) => await a;
    static async Coroutine Filters() { try { await Work(); } catch (Exception e) when (e is not CancelledException and not OutOfMemoryException) { } catch (IOException) { } try { await Work(); } catch (Exception e) when (e is IOException or TimeoutException { HResult: 3 }) { } }
    static async Coroutine Exit() { try { await Work(); } catch (Exception e) { Console.Error.WriteLine(e); Environment.Exit(1); } }
    static async Coroutine<int> Or() { int? n = null; try { n = await Num(1); } catch (Exception e) when (e is not OperationCanceledException) { } return n ?? await Num(2); }
    static async Coroutine Par() { var a = Asyncio.CreateTask(Num(1)); var b = Asyncio.CreateTask(Num(2)); Console.WriteLine(await a + await b); var (x, y) = (a.Result(), b.Result()); }
    static async Coroutine Semaphore(AsyncSemaphore s) { using (await s.Acquire()) { await Work(); } await s.Acquire(); try { await Work(); } finally { s.Release(); } }
    static async Coroutine Recur(int n) { if (n > 0) await Recur(n - 1); }
    static Coroutine Cond(bool b) { var c = b ? Work() : Asyncio.Sleep(1); return c; }
    static IEnumerable<Coroutine> Many() { for (int i = 0; i < 3; i++) { var c = Num(i); yield return c; } }
    static async Coroutine Using() { await foreach (var c in Asyncio.AsCompleted(Many())) { await c; } }
    static void Main2() => Asyncio.Run(Work());
    static int Main3() { var main = Work(); Asyncio.Run(main); return 0; }
    static T Id<T>(T c) => c;
    static async Coroutine Gen() { var c = Id(Work()); await c; }
    static async Coroutine Ref() { Coroutine c = Work(); { ref Coroutine r = ref c; r = Work(); } await c; }
    static void Out(out Coroutine c) { c = Work(); }
    static async Coroutine UseOut() { Out(out var c); await c; Out(out c); await c; }
    static async Coroutine Closure() { var c = Work(); Func<Coroutine> f = () => c; await f(); }
    static async Coroutine Obj() { var o = new { C = Work() }; await o.C; var d = new Dictionary<int, Coroutine> { [1] = Work() }; await d[1]; object boxed = Work(); await (Coroutine)boxed; }
    static async Coroutine Dyn() { dynamic d = Work(); await (Coroutine)d; }
    static async Coroutine Parse(string s) { using var r = new StringReader(s); using var x = System.Xml.XmlReader.Create(r); while (x.Read()) { } await Work(); }
    static async Coroutine Bytes(byte[] b) { using var r = new BinaryReader(new MemoryStream(b)); Console.WriteLine(r.ReadInt32()); var z = new System.IO.Compression.ZipArchive(new MemoryStream(b)); using var e = z.Entries[0].Open(); await Work(); }
    static async Coroutine Param(MemoryStream m) { Stream s = m; s.Position = 0; s.CopyTo(new MemoryStream()); using var w = new StreamWriter(s, leaveOpen: true); w.Write("x"); await w.FlushAsync(); }
    static async Coroutine Log(TextWriter log, Exception e) { Console.Out.WriteLine("x"); Console.Error.Write(e); log.WriteLine("x"); await Work(); }
    static readonly StringWriter s_text = new(); static async Coroutine Text() { s_text.Write("x"); s_text.Flush(); await Work(); }
    static async Coroutine Local() { int n = 0; void Add(int k) { n += k; } Add(3); async Coroutine Inner() { Add(1); await Work(); } await Inner(); await Inner(); }
    static async Coroutine Cts() { using var cts = new CancellationTokenSource(); using var reg = cts.Token.Register(() => Console.WriteLine()); cts.CancelAfter(3); await Work(); }
    static async Coroutine Tcs() { var tcs = new TaskCompletionSource<int>(); tcs.SetResult(3); Console.WriteLine(await tcs.Task); Console.WriteLine(tcs.Task.Result); }
    static void Dispose(EventLoop loop, CoroutineTask t) { AppDomain.CurrentDomain.ProcessExit += (_, _) => loop.CallSoonThreadsafe(() => t.Cancel()); }
    static async Coroutine Chain() { var t = Task.Run(() => 3); var u = t.ContinueWith(x => x.Result + 1); Console.WriteLine(await u); Console.WriteLine(t.Result); }
    static async Coroutine Progress(Future<int> f) { var p = new Progress<int>(x => f.SetResult(x)); await Task.Run(() => ((IProgress<int>)p).Report(3)); }
    static async Coroutine Sched(EventLoop loop, Future<int> f, TaskScheduler s) { await Task.Factory.StartNew(() => f.SetResult(1), CancellationToken.None, TaskCreationOptions.None, s); }
}
