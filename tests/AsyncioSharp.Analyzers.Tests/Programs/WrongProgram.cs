// Mistakes as they are made in a program without a Main, and in its helpers. What each rule has to say stands at the end of the line.
using AsyncioSharp;
using System.Diagnostics;

Asyncio.Run(Main());
Asyncio.CreateTask(Helpers.Work()); // ASYNCIO006
Helpers.Work(); // ASYNCIO001
var loop = new EventLoop();
loop.CallSoon(async () => await Helpers.Work()); // ASYNCIO005
_ = Helpers.Work(); // ASYNCIO001

async Coroutine Main()
{
    Thread.Sleep(TimeSpan.FromSeconds(1)); // ASYNCIO003
    var t = Task.Run(() => 42);
    Console.WriteLine(t.Result); // ASYNCIO003
    await Helpers.Work();
}

static class Helpers
{
    public static async Coroutine Work() => await Asyncio.Sleep(1);
    public static async Coroutine<int> Num(int x) { await Asyncio.Sleep(1); return x; }
    public static async Coroutine<T> Then<T>(this Coroutine<T> c, Action<T> f) { var r = await c; f(r); return r; }
    static void E1() { Num(1).Then(x => Console.WriteLine(x)); } // ASYNCIO001
    static async Coroutine<T> E2<T>(Func<Coroutine<T>> f) { f(); return await f(); } // ASYNCIO001
    static async Coroutine E3() { var pair = (Num(1), Num(2)); Console.WriteLine(await pair.Item1); }
    static Coroutine Later { get; set; } = null!;
    static async Coroutine E4() { Later = Work(); await Later; await Later; }
    static async Coroutine E5(object o) { if (o is Coroutine c) { await c; await c; } } // ASYNCIO002
    static async Coroutine E6(object o) { switch (o) { case Coroutine c: await c; Asyncio.CreateTask(c).AddDoneCallback(_ => { }); break; } } // ASYNCIO002
    static async Coroutine E7(Coroutine? c) { await c!; if (c is not null) await c; } // ASYNCIO002
    static readonly Lock s_lock = new();
    static async Coroutine E8() { using (s_lock.EnterScope()) { Console.WriteLine(); } await Work(); } // ASYNCIO003
    static async Coroutine E9() { await Work(); lock (s_lock) { Process.Start("x").WaitForExit(); } } // ASYNCIO003
    static async Coroutine E10(HttpClient http) { Console.WriteLine($"{http.GetStringAsync("x").Result}"); } // ASYNCIO003
    static async Coroutine E11(HttpClient http) { var response = http.GetAsync("x").Result; var body = await response.Content.ReadAsStringAsync(); } // ASYNCIO003
    static async Coroutine E12(HttpClient http) { var response = await http.GetAsync("x"); using var s = response.Content.ReadAsStream(); new StreamReader(s).ReadToEnd(); } // ASYNCIO003
    static async Coroutine E13(Func<Task<int>> f) => Console.WriteLine(f().Result); // ASYNCIO003
    static async Coroutine E14(Func<int, Task<int>> f) { var all = new[] { 1, 2 }.Select(f).ToArray(); Task.WaitAll(all); } // ASYNCIO003
    static async Coroutine E15() { var q = new System.Collections.Concurrent.BlockingCollection<int>(); foreach (var x in q.GetConsumingEnumerable()) { await Num(x); } } // ASYNCIO003
    static async Coroutine E16(CancellationToken ct) { ct.WaitHandle.WaitOne(); } // ASYNCIO003
    static Func<Coroutine> E17 = async () => { Thread.Sleep(1); await Work(); }; // ASYNCIO003
    static async Coroutine E18(Task<int> a) { var r = await Num(1) + a.Result; } // ASYNCIO003
    static async Coroutine E19(Task<int> a) { if (a.Wait(1000)) Console.WriteLine(a.Result); } // ASYNCIO003
    static async Coroutine E20(Task<int> a) { if (!a.IsCompleted) a.Wait(); } // by its name asked before: silent
    static async Coroutine<int?> E21() { try { return await Num(1); } catch (Exception e) when (LogIt(e)) { return null; } }
    static bool LogIt(Exception e) => true;
    static async Coroutine E22() { for (int i = 0; i < 3; i++) { try { await Work(); break; } catch (Exception) when (i < 2) { } } }
    static async Coroutine E23() { try { await Asyncio.WaitFor(Work(), 1); } catch (Exception e) { if (e is TimeoutException t) Console.WriteLine(t); else Console.WriteLine(e); } } // ASYNCIO004
    static async Coroutine E24() { try { await Work(); } catch (Exception e) { Console.WriteLine(e switch { TimeoutException => "slow", _ => "bad" }); } } // ASYNCIO004
    static async Coroutine E25() { while (true) { try { await Work(); } catch (OperationCanceledException) { continue; } } } // ASYNCIO004
    static async Coroutine E26() { try { await Work(); } catch (Exception e) { await E26(); } } // ASYNCIO004
    static async IAsyncEnumerable<int> Gen() { await Task.Yield(); yield return 1; }
    static async Coroutine E28() { await new TaskGroup().Run(async g => { try { await Work(); } catch (Exception) { } }); } // ASYNCIO004
    static async Coroutine E29() { async Coroutine Inner() { try { await Work(); } catch { } } await Inner(); } // ASYNCIO004
    static void F1(Future<int> f) => Parallel.Invoke(() => f.SetResult(1), () => Console.WriteLine()); // ASYNCIO008
    static void F2(Future<int> f) { Console.CancelKeyPress += delegate { f.Cancel(); }; } // ASYNCIO008
    static void F3(Future<int> f) { var p = new Process(); p.Exited += (_, _) => f.SetResult(p.ExitCode); } // ASYNCIO008
    static void F4(CoroutineTask t) { _ = Task.Run(async () => { while (true) { await Task.Delay(1); if (t.IsDone) break; t.Cancel(); } }); } // ASYNCIO008
    static void F5(AsyncQueue<int> q) { new Thread(() => { for (int i = 0; i < 3; i++) q.PutNowait(i); }) { IsBackground = true }.Start(); } // ASYNCIO008
    static void F6(AsyncQueue<int> q) { var produce = () => q.PutNowait(1); var thread = new Thread(() => produce()); } // ASYNCIO008
    static void F7(AsyncQueue<int> q) { Task.Factory.StartNew(() => q.PutNowait(1), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default); } // ASYNCIO008
    static void F8(Future<int> f) { var worker = new Task(() => f.SetResult(1)); worker.Start(); } // ASYNCIO008
    static void F9(Future<int> f) { System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, _ => f.Cancel()); } // ASYNCIO008
    static void F10(EventLoop l) => Console.CancelKeyPress += (_, e) => { e.Cancel = true; l.Stop(); }; // ASYNCIO008
}
