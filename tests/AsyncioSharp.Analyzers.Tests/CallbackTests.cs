using AsyncioSharp.CodeFixes;

namespace AsyncioSharp.Analyzers.Tests;

public class CallbackTests
{
    private static Task ReportsAsyncVoid(string members) => new Snippet(members).ShouldReport(new AsyncVoidCallbackAnalyzer(), Rules.AsyncVoid);

    private static Task ReportsOtherThread(string members) => new Snippet(members).ShouldReport(new OtherThreadAnalyzer(), Rules.OtherThread);

    [Theory]
    [InlineData("void M(EventLoop loop) { loop.CallSoon([|async () => await Work()|]); }")]
    [InlineData("void M(EventLoop loop) { loop.CallLater(1, [|async () => { await Task.Yield(); }|]); }")]
    [InlineData("void M(EventLoop loop) { loop.CallAt(1, [|async x => { await Task.Yield(); }|], 5); }")]
    [InlineData("void M(EventLoop loop) { loop.CallSoonThreadsafe([|async () => { await Task.Yield(); }|]); }")]
    [InlineData("void M(Future<int> f) { f.AddDoneCallback([|async _ => await Task.Yield()|]); }")]
    [InlineData("void M(EventLoop loop) { loop.CallSoon([|Later|]); } async void Later() { await Task.Yield(); }")]
    [InlineData("void M(EventLoop loop) { loop.CallSoon([|async delegate { await Task.Yield(); }|]); }")]
    [InlineData("void M(EventLoop loop) { Action later = [|async () => await Work()|]; loop.CallSoon(later); }")]
    [InlineData("void M(EventLoop loop) { Action later; if (Maybe()) later = () => { }; else later = [|async () => await Work()|]; var same = later; loop.CallSoon(same); }")]
    [InlineData("void M(EventLoop loop) { loop.CallSoon(Maybe() ? [|async () => await Work()|] : () => { }); }")]
    [InlineData("void M(EventLoop loop) { loop.CallSoon(new Action([|Later|])); async void Later() => await Work(); }")]
    [InlineData("void M(EventLoop loop) { loop.ExceptionHandler = [|async (_, _) => await Work()|]; }")]
    public Task An_async_void_callback_is_reported(string members) => ReportsAsyncVoid(members);

    [Theory]
    [InlineData("void M(EventLoop loop) { loop.CallSoon(() => _ = Asyncio.CreateTask(Work())); }")]
    [InlineData("async Coroutine M() { await new TaskGroup().Run(async group => { await Work(); }); }")]
    [InlineData("async Coroutine M() { await await Asyncio.ToThread(async () => { await Task.Yield(); }); }")] // gives a task
    [InlineData("async Coroutine M() { var rest = await Asyncio.ToThread(async () => { await Task.Yield(); }); await rest; }")]
    [InlineData("async Coroutine M() { await Asyncio.ToThread(() => { }); await Asyncio.ToThread(() => 5); }")]
    [InlineData("void M(EventLoop loop) { loop.CallSoon(() => { }); loop.CallSoon(Print, \"x\"); }")]
    [InlineData("void M(List<int> all) { all.ForEach(async x => { await Task.Yield(); }); }")] // not ours to say
    [InlineData(
        "void M(EventLoop loop, Action later) { var same = later; loop.CallSoon(same); loop.ExceptionHandler = null; "
            + "Func<Coroutine> f = async () => await Work(); loop.CallSoon(() => _ = Asyncio.CreateTask(f())); }")]
    [InlineData("void M(EventLoop loop) { Action elsewhere = async () => await Work(); Print(elsewhere); }")]
    public Task A_plain_callback_or_a_coroutine_is_not(string members) => ReportsAsyncVoid(members);

    [Theory]
    [InlineData("async Coroutine M() { await Asyncio.ToThread([|async () => { await Task.Yield(); }|]); }")]
    [InlineData("async Coroutine M() { await Asyncio.ToThread([|async () => { await Task.Yield(); return 5; }|]); }")]
    [InlineData("async Coroutine M() { await Asyncio.ToThread([|Later|]); } async Task Later() { await Task.Yield(); }")]
    [InlineData("async Coroutine M() { await Asyncio.ToThread([|async x => { await Task.Yield(); Print(x); }|], 5); }")]
    [InlineData("async Coroutine M(EventLoop loop) { var f = [|async () => await Task.Yield()|]; await loop.RunInExecutor(null, f); }")]
    public Task An_async_function_for_a_thread_whose_task_is_dropped_is_reported(string members) => ReportsAsyncVoid(members);

    [Theory]
    [InlineData("void M() => _loop.CallSoon(async () => await Work());", "void M() => _loop.CallSoon(() => _ = Asyncio.CreateTask(Work()));")]
    [InlineData("void M() => _loop.CallLater(1, async () => { await Fetch(5); });", "void M() => _loop.CallLater(1, () => _ = Asyncio.CreateTask(Fetch(5)));")]
    [InlineData("void M() => _future.AddDoneCallback(async x => await Work());", "void M() => _future.AddDoneCallback(x => _ = Asyncio.CreateTask(Work()));")]
    [InlineData(
        "void M() => _future.AddDoneCallback(async done => await Fetch(((Future<int>)done).Result()));",
        "void M() => _future.AddDoneCallback(done => _ = Asyncio.CreateTask(Fetch(((Future<int>)done).Result())));")]
    public Task A_callback_that_awaits_a_coroutine_starts_a_task_instead(string members, string fixedMembers)
        => new Snippet(members).ShouldBecome(fixedMembers, new AsyncVoidCallbackAnalyzer(), new AsyncVoidCallbackFix(), "Start a task");

    [Theory]
    [InlineData("void M() => _loop.CallSoon(async () => { await Work(); Print(1); });")]
    [InlineData("void M(Task t) => _loop.CallSoon(async () => await t);")]
    [InlineData("void M() => _loop.CallSoon(Later); async void Later() { await Work(); }")]
    [InlineData("void M() => _future.AddDoneCallback(async _ => await Work());")] // '_ =' would store into it
    [InlineData("void M(int _) => _loop.CallSoon(async () => await Work());")]
    public async Task A_longer_callback_is_left_to_its_author(string members)
        => (await new Snippet(members).Fixes(new AsyncVoidCallbackAnalyzer(), new AsyncVoidCallbackFix())).ShouldBeEmpty();

    [Theory]
    [InlineData("void M(Future<int> f) { Task.Run(() => [|f.SetResult(1)|]); }")]
    [InlineData("void M(Future<int> f) { new Thread(() => { [|f.SetException(new IOException())|]; }).Start(); }")]
    [InlineData("void M(Future<int> f) { ThreadPool.QueueUserWorkItem(_ => [|f.SetResult(1)|]); }")]
    [InlineData("void M(CoroutineTask t) { var timer = new Timer(_ => [|t.Cancel()|], null, 1, 1); Print(timer); }")]
    [InlineData("async Coroutine M(Future<int> f) { await Asyncio.ToThread(() => [|f.SetResult(1)|]); }")]
    [InlineData("void M(EventLoop loop) { Task.Run(() => [|loop.CallSoon(() => { })|]); }")]
    [InlineData("void M() { Task.Run(() => [|_loop.CallLater(1, () => { })|]); }")]
    [InlineData("void M(EventLoop loop) { loop.RunInExecutor(null, () => [|loop.Stop()|]); }")]
    [InlineData("void M(EventLoop loop) { Task.Run(async () => { await Task.Yield(); [|loop.CreateTask(Work())|]; }); }")]
    [InlineData("void M(Future<int> f) { Task.Run(() => [|f.AddDoneCallback(_ => { })|]); }")]
    [InlineData("void M(TaskGroup g) { Parallel.For(0, 1, _ => [|g.CreateTask(Work())|]); }")]
    [InlineData("void M(CoroutineTask t) { Task.Run(() => [|t.Loop.CallSoon(() => { })|]); }")]
    [InlineData("void M(Future<int>[] all) { Parallel.ForEach(all, f => [|f.SetResult(1)|]); }")]
    [InlineData("void M(Future<int> f) { ThreadPool.QueueUserWorkItem(static s => [|s.SetResult(1)|], f, true); }")]
    [InlineData("void M(AsyncLock l) { Task.Run(() => [|l.Release()|]); }")]
    [InlineData("void M(AsyncBoundedSemaphore s) { Task.Run(() => { [|s.Release()|]; }); }")]
    [InlineData("void M(AsyncCondition c) { Task.Run(() => { [|c.NotifyAll()|]; [|c.Notify()|]; }); }")]
    [InlineData("void M(AsyncBarrier b) { Task.Run(() => { [|b.Abort()|]; [|b.Reset()|]; }); }")]
    [InlineData("void M(AsyncPriorityQueue<int> q) { Task.Run(() => { [|q.PutNowait(1)|]; [|q.Shutdown()|]; }); }")]
    [InlineData("void M(TimeoutScope t) { Task.Run(() => [|t.Reschedule(1)|]); }")]
    [InlineData("void M(Future<int> f) { Task.Run(() => { void Set() => [|f.SetResult(1)|]; Set(); }); }")]
    [InlineData("void M(Future<int> f) { void Set() => [|f.SetResult(1)|]; new Thread(Set).Start(); }")]
    [InlineData("void M(Future<int> f) { Task.Run(() => new List<int> { 1 }.ForEach(x => [|f.SetResult(x)|])); }")]
    [InlineData("void M(Future<int> f) { Task.Delay(1).ContinueWith(_ => [|f.SetResult(1)|]); Task.Delay(1).ContinueWith(_ => [|f.SetResult(2)|], TaskScheduler.Default); }")]
    [InlineData("void M(Future<int> f) { var timer = new System.Timers.Timer(1); timer.Elapsed += (_, _) => [|f.SetResult(1)|]; timer.Start(); }")]
    [InlineData("void M() { Task.Run([|Finish|]); } void Finish() { Print(1); _future.SetResult(1); }")]
    [InlineData("void M() { new Thread([|_loop.Stop|]).Start(); Task.Run([|_loop.Stop|]); }")]
    [InlineData("void M(Future<int> f) { Action set = () => [|f.SetResult(1)|]; Task.Run(set); }")]
    [InlineData("async Coroutine M(Future<int> f) { await Task.Run(async () => { await Task.Delay(1).ConfigureAwait(false); [|f.SetResult(1)|]; }); }")]
    [InlineData("void M(List<Future<int>> all) { Task.Run(() => { foreach (var f in all) { [|f.SetResult(1)|]; } var first = all[0]; [|first.Cancel()|]; }); }")]
    [InlineData("void M(Queue<Future<int>> all) { Task.Run(() => { while (all.TryDequeue(out var f)) [|f.SetResult(1)|]; [|all.Dequeue().SetResult(2)|]; }); }")]
    [InlineData("void M(Future<int> f) { Parallel.Invoke(() => Print(1), () => [|f.SetResult(1)|]); var work = new Task(() => [|f.SetResult(1)|]); work.Start(); }")]
    [InlineData("void M() { var f = _loop.CreateFuture<int>(); Task.Run(() => [|f.SetResult(1)|]); }")]
    [InlineData("void M(Future<int>? f, Handle? h) { Task.Run(() => f?[|.SetResult(1)|]); Task.Run(() => { _loop?[|.CallSoon(() => { })|]; h?[|.Cancel()|]; }); }")]
    [InlineData("void M(CoroutineTask? t) { Task.Run(() => t?[|.Loop.CallSoon(() => { })|]); }")]
    [InlineData("void M() { Task.Factory.StartNew(() => [|_loop.Stop()|]); Task<int>.Factory.StartNew(() => { [|_loop.Stop()|]; return 1; }); }")]
    [InlineData("void M() { new TaskFactory().StartNew(() => [|_loop.Stop()|]); var f = new TaskFactory(TaskScheduler.Default); f.StartNew(() => [|_loop.Stop()|]); }")]
    [InlineData(
        "void M(CancellationToken t) { TaskFactory f = new(t), same = f; same.StartNew(() => [|_loop.Stop()|]); "
            + "(Maybe() ? f : Task.Factory).ContinueWhenAll([Task.Delay(1)], _ => [|_loop.Stop()|]); }")]
    [InlineData("void M(TaskFactory f, CancellationToken t) { f.StartNew(() => [|_loop.Stop()|], t, TaskCreationOptions.None, TaskScheduler.Default); }")]
    public Task What_another_thread_does_with_things_of_the_loop_is_reported(string members) => ReportsOtherThread(members);

    [Theory]
    [InlineData("void M(Future<int> f, EventLoop loop) { Task.Run(() => loop.CallSoonThreadsafe(() => f.SetResult(1))); }")]
    [InlineData("void M(EventLoop loop) { Task.Run(() => Asyncio.RunCoroutineThreadsafe(Work(), loop).Result()); }")]
    [InlineData("void M(ConcurrentFuture<int> f) { Task.Run(() => f.Cancel()); }")]
    [InlineData("void M() { new Thread(() => { var loop = new EventLoop(); loop.CallSoon(() => loop.Stop()); loop.RunForever(); }).Start(); }")]
    [InlineData("void M() { new Thread(() => { _loop = new EventLoop(); _loop.CallSoon(() => { }); }).Start(); }")]
    [InlineData("void M(EventLoop loop) { new Thread(() => { loop.CallSoon(() => { }); loop.RunForever(); }).Start(); }")]
    [InlineData("void M(EventLoop[] all) { Parallel.ForEach(all, loop => { loop.CallSoon(() => { }); loop.RunForever(); }); }")]
    [InlineData("void M() { Task.Run(() => Asyncio.GetRunningLoop().CallSoon(() => { })); }")]
    [InlineData("void M(Future<int> f) { Task.Run(() => Print(f.IsDone)); }")]
    [InlineData("void M(Future<int> f) { Action set = () => f.SetResult(1); set(); }")]
    [InlineData("void M(EventLoop loop, Future<int> f) { loop.CallSoon(() => f.SetResult(1)); }")]
    [InlineData("void M(CancellationTokenSource s) { Task.Run(() => s.Cancel()); }")]
    [InlineData(
        "void M(Future<int> f, EventLoop loop) { "
            + "Task.Run(() => { void Set() => f.SetResult(1); loop.CallSoonThreadsafe(Set); Action again = () => f.SetResult(2); loop.CallSoonThreadsafe(again); }); }")]
    [InlineData(
        "void M(Future<int> f, EventLoop loop) { Task.Run(() => { "
            + "var todo = new List<Action>(); todo.Add(() => f.SetResult(1)); foreach (var each in todo) loop.CallSoonThreadsafe(each); }); }")]
    [InlineData("void M() { Task.Run(() => { EventLoop? loop = Maybe() ? new EventLoop() : null; loop?.CallSoon(() => { }); _loop?.CallSoonThreadsafe(() => { }); }); }")]
    [InlineData("void M(Future<int> f) { Task.Delay(1).ContinueWith(_ => f.SetResult(1), TaskScheduler.FromCurrentSynchronizationContext()); }")]
    [InlineData("void M(Future<int> f, Action<Action> post) { Task.Run(() => post(() => f.SetResult(1))); }")]
    [InlineData("void M(Future<int> f) { Task.Run(() => Asyncio.Run(Inner())); async Coroutine Inner() => f.SetResult(1); }")]
    [InlineData(
        "void M() { Task.Run(() => { var loop = new EventLoop(); var f = loop.CreateFuture<int>(); loop.CallSoon(() => f.SetResult(1)); f.SetResult(2); loop.RunForever(); }); }")]
    [InlineData("void M() { new Thread(Own).Start(); } void Own() { _loop = new EventLoop(); _loop.CallSoon(() => { }); _loop.RunForever(); }")]
    [InlineData("void M(Future<int> f, SynchronizationContext context) { Task.Run(() => context.Post(_ => f.SetResult(1), null)); }")]
    [InlineData("void M(Future<int> f) { void Set() => f.SetResult(1); Set(); Action a = Set; Print(a); }")]
    [InlineData(
        "void M(Future<int> f, EventLoop loop) { Task.Run(() => loop.CallSoonThreadsafe(loop.Stop)); "
            + "var timer = new Timer(_ => loop.CallSoonThreadsafe(() => f.Cancel())); Print(timer); }")]
    [InlineData("async Coroutine M(Future<int> f) { var progress = new Progress<int>(x => f.SetResult(x)); await Task.Run(() => ((IProgress<int>)progress).Report(3)); }")]
    [InlineData("void M(EventLoop l) { var factory = new TaskFactory(l.TaskScheduler); factory.StartNew(() => l.Stop()); }")]
    [InlineData("void M() { new TaskFactory<int>(_loop.TaskScheduler).StartNew(() => { _loop.Stop(); return 1; }); }")]
    [InlineData("void M(CancellationToken t) { Task.Factory.StartNew(() => _loop.Stop(), t, TaskCreationOptions.None, _loop.TaskScheduler); }")]
    [InlineData("TaskFactory _factory = null!; void M(TaskFactory f) { f.StartNew(() => _loop.Stop()); _factory.StartNew(() => _loop.Stop()); }")] // who knows
    [InlineData("void M() { var f = Maybe() ? Task.Factory : new TaskFactory(_loop.TaskScheduler); f.ContinueWhenAny([Task.Delay(1)], _ => _loop.Stop()); }")]
    public Task What_is_handed_over_or_is_the_threads_own_is_not(string members) => ReportsOtherThread(members);

    [Theory]
    [InlineData(
        "void M(Future<int> f) => Task.Run(() => f.SetResult(1));",
        "Hand the call over to the loop",
        "void M(Future<int> f) => Task.Run(() => f.Loop.CallSoonThreadsafe(f.SetResult, 1));")]
    [InlineData(
        "void M() => Task.Run(() => { _loop.CallSoon(Print, \"x\"); });",
        "Call CallSoonThreadsafe",
        "void M() => Task.Run(() => { _loop.CallSoonThreadsafe(Print, \"x\"); });")]
    [InlineData("void M() => Task.Run(() => _loop.Stop());", "Hand the call over to the loop", "void M() => Task.Run(() => _loop.CallSoonThreadsafe(_loop.Stop));")]
    [InlineData(
        "void M(Future<string> f, StreamReader r) => Task.Run(async () => f.SetResult(await r.ReadToEndAsync()));",
        "Hand the call over to the loop",
        "void M(Future<string> f, StreamReader r) => Task.Run(async () => f.Loop.CallSoonThreadsafe(f.SetResult, await r.ReadToEndAsync()));")]
    [InlineData(
        "void M(Future<int>[] fs) => Task.Run(() => { for (int i = 0; i < fs.Length; i++) fs[i].SetResult(i); });",
        "Hand the call over to the loop",
        "void M(Future<int>[] fs) => Task.Run(() => { for (int i = 0; i < fs.Length; i++) fs[i].Loop.CallSoonThreadsafe(fs[i].SetResult, i); });")]
    [InlineData(
        "void M(Future<int> f, int[] all) => Task.Run(() => { Span<int> s = all; f.SetResult(s[0]); });",
        "Hand the call over to the loop",
        "void M(Future<int> f, int[] all) => Task.Run(() => { Span<int> s = all; f.Loop.CallSoonThreadsafe(f.SetResult, s[0]); });")]
    [InlineData(
        "void M(Future<string> f) => Task.Run(() => f.SetResult(File.ReadAllText(\"x\")));", // read by the thread, as before
        "Hand the call over to the loop",
        "void M(Future<string> f) => Task.Run(() => f.Loop.CallSoonThreadsafe(f.SetResult, File.ReadAllText(\"x\")));")]
    [InlineData(
        "void M() => Task.Run(() => this._future.SetException(new IOException()));",
        "Hand the call over to the loop",
        "void M() => Task.Run(() => this._future.Loop.CallSoonThreadsafe(this._future.SetException, new IOException()));")]
    [InlineData(
        "CoroutineTask _task = null!; void M() => Task.Run(() => { _task.Cancel(\"x\"); }); void Next(CoroutineTask t) => _task = t;",
        "Hand the call over to the loop",
        "CoroutineTask _task = null!; void M() => Task.Run(() => { "
            + "_task.Loop.CallSoonThreadsafe(future => future.Cancel(\"x\"), _task); }); void Next(CoroutineTask t) => _task = t;")]
    [InlineData(
        "void M(CoroutineTask t) => new Thread(() => t.Cancel()).Start();",
        "Hand the call over to the loop",
        "void M(CoroutineTask t) => new Thread(() => t.Loop.CallSoonThreadsafe(future => future.Cancel(), t)).Start();")]
    [InlineData(
        "void M(Future<long> f) => Task.Run(() => f.SetResult(1));",
        "Hand the call over to the loop",
        "void M(Future<long> f) => Task.Run(() => f.Loop.CallSoonThreadsafe(future => future.SetResult(1), f));")]
    public Task A_call_is_handed_over(string members, string title, string fixedMembers)
        => new Snippet(members).ShouldBecome(fixedMembers, new OtherThreadAnalyzer(), new OtherThreadFix(), title);

    [Theory]
    [InlineData("void M(Queue<Future<int>> all) => Task.Run(() => { all.Dequeue().SetResult(1); });")] // would take two out
    [InlineData("void M(Future<int>[] fs) => Task.Run(() => { int i = 0; fs[i++].SetResult(1); });")]
    [InlineData("void M(Future<long> f, int x) => Task.Run(() => f.SetResult(x));")] // its delegate takes no int
    [InlineData("void M(CoroutineTask t) => Task.Run(() => { ((Future)t).Cancel(Maybe() ? \"a\" : null); });")]
    [InlineData("void M(Future<int> f) => Task.Run(() => f.SetResult(result: Environment.TickCount));")] // there the argument has another name
    [InlineData("void M(CoroutineTask t, string why) => Task.Run(() => { t.Cancel(why); why = \"\"; });")] // what is captured is read too late
    [InlineData("void M(EventLoop loop) => Task.Run(() => { loop.CreateTask(Work()); });")] // RunCoroutineThreadsafe does that
    [InlineData("async Coroutine M(CoroutineTask t) { bool isTold = await Task.Run(() => t.Cancel()); Print(isTold); }")]
    [InlineData("void M(Future<int>? f) => Task.Run(() => f?.SetResult(1));")]
    public async Task A_call_that_cannot_be_handed_over_as_it_is_is_left_to_its_author(string members)
        => (await new Snippet(members).Fixes(new OtherThreadAnalyzer(), new OtherThreadFix())).ShouldBeEmpty();
}
