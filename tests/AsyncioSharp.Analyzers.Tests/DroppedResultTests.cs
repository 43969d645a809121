using AsyncioSharp.CodeFixes;
using Microsoft.CodeAnalysis;

namespace AsyncioSharp.Analyzers.Tests;

public class DroppedResultTests
{
    private static Task Reports(string members, DiagnosticDescriptor rule) => new Snippet(members).ShouldReport(new DroppedResultAnalyzer(), rule);

    [Theory]
    [InlineData("async Coroutine M() { [|Work()|]; }")]
    [InlineData("void M() { [|Work()|]; }")]
    [InlineData("void M() => [|Fetch()|];")]
    [InlineData("void M() { _ = [|Fetch()|]; }")]
    [InlineData("void M(Program? p) { [|p?.N()|]; } Coroutine N() => Work();")]
    [InlineData("async Coroutine M() { [|Asyncio.Sleep(1)|]; }")]
    [InlineData("void M(EventLoop loop) { loop.CallSoon(() => [|Work()|]); }")]
    [InlineData("void M() { void Local() => [|Work()|]; Local(); }")]
    [InlineData("async Coroutine M() { var forgotten = [|Work()|]; }")]
    [InlineData("void M(bool a) { _ = [|a ? Work() : Fetch()|]; }")]
    [InlineData("void M() { Action later = () => [|Work()|]; later(); }")]
    [InlineData("void M(Program? p) { _ = [|p?.N()|]; } Coroutine N() => Work();")]
    [InlineData("void M(Program p) { [|p.N<int>()|]; } async Coroutine<T> N<T>() { await Work(); return default!; }")]
    [InlineData("async Coroutine M() { try { [|Work()|]; } finally { [|Fetch()|]; } }")]
    [InlineData("async Coroutine M() { var c = [|Work()|]; var copy = c; var last = copy; }")]
    [InlineData("async Coroutine M() { Coroutine c; c = [|Work()|]; }")]
    [InlineData("async Coroutine M() { var (a, b) = ([|Work()|], 1); Print(b); }")]
    [InlineData("async Coroutine M() { [|await Task.Run(() => Work())|]; }")]
    [InlineData("void M() { [|Task.Run(() => Work())|]; _ = [|Task.Run(() => Fetch())|]; }")]
    [InlineData("void M(int[] ids) { [|ids.Select(id => Fetch(id)).ToList()|]; var all = [|ids.Select(Fetch)|]; }")]
    [InlineData("async Coroutine M(bool b) { var c = [|b ? Work() : Fetch()|]; }")]
    [InlineData("async Coroutine M() { Task t = [|Task.Factory.StartNew(() => Work())|]; await t; }")]
    [InlineData("void M() { [|Again(() => Work())|]; } static T Again<T>(Func<T> make) => make();")]
    [InlineData("void M(Func<Coroutine> make, Func<Coroutine, Coroutine> wrap, Coroutine c) { [|make()|]; [|wrap(c)|]; }")]
    [InlineData("void M(Coroutine c) { [|Named(c)|]; } static Coroutine Named(Coroutine c) => Work();")]
    public Task A_coroutine_that_nobody_keeps_is_reported(string members) => Reports(members, Rules.NotAwaited);

    [Theory]
    [InlineData("async Coroutine M() { await Work(); }")]
    [InlineData("async Coroutine M() { var c = Work(); await c; }")]
    [InlineData("Coroutine M() => Work();")]
    [InlineData("Coroutine? _kept; void M() { _kept = Work(); }")]
    [InlineData("Coroutine M(bool a) => a ? Work() : N(null)!; Coroutine? N(Program? p) => p?.M(true);")]
    [InlineData("async Coroutine M(Program? p) { if (p?.N() is { } c) await c; await (p?.N() ?? Work()); } Coroutine N() => Work();")]
    [InlineData("async Coroutine M(int n) { await (n switch { 1 => Work(), _ => Fetch() }); }")]
    [InlineData("IEnumerable<Coroutine> M() { yield return Work(); }")]
    [InlineData("void M() { var pair = (Work(), 1); Print(pair); Coroutine[] all = [Work(), Fetch()]; Print(all); Print(new { All = Work() }); }")]
    [InlineData("Coroutine? _kept; void M() { _kept ??= Work(); (_kept, var x) = (Work(), 1); Print(x); }")]
    [InlineData("void M() { var f = () => Work(); Func<Coroutine> g = async () => await Work(); Print(f); Print(g); }")]
    [InlineData("async Coroutine M() { await Local(); Coroutine Local() => Work(); }")]
    [InlineData("abstract class B { protected abstract Coroutine N(); } class D : B { protected override Coroutine N() => Asyncio.Sleep(1); }")]
    [InlineData("void M() { var c = Work(); _ = c; }")] // at hand, and openly left
    [InlineData("void M(List<Coroutine> all) { all.Add(Work()); }")]
    [InlineData("void M() { Func<Coroutine> f = () => Work(); Print(f); }")]
    [InlineData("void M() { using var x = Maybe() ? null : new MemoryStream(); }")]
    [InlineData("void M() { var c = Work(); void Local() => Print(c); Local(); }")]
    [InlineData("void M() { Throws(() => Work()); } static void Throws(Action a) { }")] // gives nothing
    [InlineData("Task N() => Task.CompletedTask; void M() { N(); }")] // not ours to say
    [InlineData("async Coroutine M() { var c = Work(); var copy = c; await copy; }")]
    [InlineData("async Coroutine M() { var c = Work(); await c; var copy = c; }")]
    [InlineData("async Coroutine M() { Coroutine c; if (Maybe()) c = Work(); else c = Fetch(); await c; }")]
    [InlineData("async Coroutine M() { var (a, b) = (Work(), Fetch()); await a; await b; }")]
    [InlineData("Coroutine M() { Coroutine c; return c = Work(); }")]
    [InlineData("async Coroutine M(int[] ids) { var all = ids.Select(Fetch).ToList(); await Asyncio.Gather(all); foreach (var c in ids.Select(id => Fetch(id))) await c; }")]
    [InlineData("async Coroutine M() { await await Task.Run(() => Work()); var c = await Task.Run(() => Work()); await c; }")]
    [InlineData("void M(Coroutine c) { var copy = c; }")]
    [InlineData("void M() { Coroutine c = Work(); ref Coroutine same = ref c; same = Fetch(); Print(c); }")]
    [InlineData("async Coroutine M() { Task<Coroutine> t = Task.Factory.StartNew(() => Work()); await await t; Task plain = Task.Run(() => Print(1)); await plain; }")]
    [InlineData("Coroutine? _kept; void M() { Interlocked.Exchange(ref _kept, Work()); _ = Interlocked.CompareExchange(ref _kept, Work(), null); }")]
    [InlineData("Coroutine? _kept; void M() { var old = Interlocked.Exchange(ref _kept, Work()); Interlocked.Exchange<Coroutine?>(ref _kept, null); }")]
    [InlineData("Task<Coroutine>? _kept; void M() { Interlocked.Exchange(ref _kept, Task.Run(() => Work())); }")]
    [InlineData("void M(ConcurrentDictionary<int, Coroutine>? all) { all!.GetOrAdd(1, Work()); all?.GetOrAdd(2, Work()); all.AddOrUpdate(3, Work(), (_, old) => old); }")]
    public Task A_coroutine_that_somebody_keeps_is_not(string members) => Reports(members, Rules.NotAwaited);

    [Theory]
    [InlineData("async Coroutine M() { [|Asyncio.CreateTask(Work())|]; }")]
    [InlineData("async Coroutine M() { [|Asyncio.EnsureFuture(Fetch())|]; }")]
    [InlineData("void M(EventLoop loop) { [|loop.CreateTask(Fetch())|]; }")]
    [InlineData("async Coroutine M() { [|Asyncio.Gather(Fetch(), Fetch())|]; }")]
    [InlineData("async Coroutine M(Coroutine<int> c) { [|Asyncio.Shield(c)|]; }")]
    [InlineData("void M(EventLoop loop) { [|loop.RunInExecutor(null, () => { })|]; }")]
    [InlineData("void M(EventLoop loop) { [|Asyncio.RunCoroutineThreadsafe(Work(), loop)|]; }")]
    [InlineData("void M(EventLoop loop) { loop.CallLater(1, () => [|Asyncio.CreateTask(Work())|]); }")]
    [InlineData("void M(EventLoop? loop) { [|loop?.CreateTask(Work())|]; }")]
    [InlineData("void M(EventLoop loop) { var task = [|loop.CreateTask(Work())|]; }")]
    [InlineData("void M(EventLoop loop) { var task = [|loop.CreateTask(Work())|]; var copy = task; }")]
    [InlineData("void M(EventLoop loop) { CoroutineTask task; task = [|loop.CreateTask(Work())|]; }")]
    [InlineData("void M(EventLoop loop) { var task = Maybe() ? [|loop.CreateTask(Work())|] : [|Asyncio.CreateTask(Fetch())|]; }")]
    [InlineData("void M(EventLoop loop) { var (a, b) = ([|loop.CreateTask(Work())|], 1); Print(b); }")]
    [InlineData("async Coroutine M(List<Coroutine> all) { foreach (var c in all) { [|Asyncio.CreateTask(c)|]; } all.ForEach(c => { [|Asyncio.CreateTask(c)|]; }); }")]
    public Task A_task_that_nobody_keeps_is_reported(string members) => Reports(members, Rules.DroppedTask);

    [Theory]
    [InlineData("async Coroutine M() { _ = Asyncio.CreateTask(Work()); }")]
    [InlineData("async Coroutine M() { var t = Asyncio.CreateTask(Work()); await t; }")]
    [InlineData("async Coroutine M() { await Asyncio.CreateTask(Work()); }")]
    [InlineData("async Coroutine M() { await new TaskGroup().Run(async group => { group.CreateTask(Work()); group.CreateTask(Fetch()); }); }")]
    [InlineData("void M(EventLoop loop) { Asyncio.RunCoroutineThreadsafe(Work(), loop).Result(); }")]
    [InlineData("void M(EventLoop loop) { loop.CreateFuture(); Asyncio.CurrentTask(loop); }")]
    [InlineData("void M(EventLoop loop) { Action a = () => loop.CreateTask(Work()); Use(() => loop.CreateTask(Work())); } static void Use(Action a) { }")] // who knows
    [InlineData("void M(EventLoop loop) { Func<CoroutineTask> f = () => loop.CreateTask(Work()); Print(f); }")]
    [InlineData("void M(EventLoop loop) { loop.CreateTask(Work()).AddDoneCallback(Print); }")]
    [InlineData("void M(EventLoop loop) { var task = loop.CreateTask(Work()); var copy = task; Print(copy); }")]
    [InlineData("CoroutineTask? _task; void M(EventLoop loop) { var task = loop.CreateTask(Work()); _task = task; }")]
    [InlineData("async Coroutine M() { CoroutineTask? old = null; for (int i = 0; i < 3; i++) { if (old is not null) await old; old = Asyncio.CreateTask(Work()); } }")]
    [InlineData("async Coroutine M() { var task = Asyncio.CreateTask(Work()); async Coroutine Later() => await task; await Later(); }")]
    public Task A_task_that_somebody_keeps_or_a_group_holds_is_not(string members) => Reports(members, Rules.DroppedTask);

    [Theory]
    [InlineData("async Coroutine M()\n    {\n        Work();\n    }", "Await the coroutine", "async Coroutine M()\n    {\n        await Work();\n    }")]
    [InlineData("async Coroutine M()\n    {\n        _ = Work(); // later\n    }", "Await the coroutine", "async Coroutine M()\n    {\n        await Work(); // later\n    }")]
    [InlineData("void M()\n    {\n        Work();\n    }", "Run it as a task", "void M()\n    {\n        _ = Asyncio.CreateTask(Work());\n    }")]
    [InlineData("void M() => _loop.CallSoon(() => Work());", "Run it as a task", "void M() => _loop.CallSoon(() => _ = Asyncio.CreateTask(Work()));")]
    [InlineData("void M()\n    {\n        Asyncio.CreateTask(Work());\n    }", "Discard it openly", "void M()\n    {\n        _ = Asyncio.CreateTask(Work());\n    }")]
    [InlineData(
        "async Coroutine M()\n    {\n        Asyncio.CreateTask(Work());\n    }",
        "Await the task",
        "async Coroutine M()\n    {\n        await Asyncio.CreateTask(Work());\n    }")]
    [InlineData(
        "async Coroutine M(bool b)\n    {\n        _ = b ? Work() : Fetch();\n    }",
        "Await the coroutine",
        "async Coroutine M(bool b)\n    {\n        await (b ? Work() : Fetch());\n    }")]
    [InlineData(
        "async Coroutine M(bool b)\n    {\n        _ = b ? Work() : Fetch();\n    }",
        "Run it as a task",
        "async Coroutine M(bool b)\n    {\n        _ = Asyncio.CreateTask(b ? Work() : Fetch());\n    }")]
    [InlineData(
        "async Coroutine M(int n)\n    {\n        _ = n switch { 1 => Work(), _ => Fetch() };\n    }",
        "Await the coroutine",
        "async Coroutine M(int n)\n    {\n        await (n switch { 1 => Work(), _ => Fetch() });\n    }")]
    [InlineData("void M()\n    {\n        _loop?.CreateTask(Work());\n    }", "Discard it openly", "void M()\n    {\n        _ = _loop?.CreateTask(Work());\n    }")]
    [InlineData(
        "async Coroutine M()\n    {\n        Asyncio.RunCoroutineThreadsafe(Work(), _loop);\n    }",
        "Await the task",
        "async Coroutine M()\n    {\n        await Asyncio.WrapFuture(Asyncio.RunCoroutineThreadsafe(Work(), _loop));\n    }")]
    [InlineData(
        "async Coroutine M()\n    {\n        Asyncio.RunCoroutineThreadsafe(Fetch(), _loop);\n    }",
        "Discard it openly",
        "async Coroutine M()\n    {\n        _ = Asyncio.RunCoroutineThreadsafe(Fetch(), _loop);\n    }")]
    [InlineData(
        "void M(bool b)\n    {\n        _ = (b ? Work() : Fetch());\n    }",
        "Run it as a task",
        "void M(bool b)\n    {\n        _ = Asyncio.CreateTask((b ? Work() : Fetch()));\n    }")]
    public Task What_is_dropped_can_be_awaited_made_a_task_or_discarded(string members, string title, string fixedMembers)
        => new Snippet("    " + members).ShouldBecome("    " + fixedMembers, new DroppedResultAnalyzer(), new DroppedResultFix(), title);

    [Theory]
    [InlineData("async Coroutine M(Program? p) { p?.N(); } Coroutine N() => Work();")] // null would be awaited
    [InlineData("async Coroutine M(Program? p) { _ = p?.N(); } Coroutine N() => Work();")]
    [InlineData("void M(int _) { Work(); }")] // '_ =' would store it
    [InlineData("void M(List<int> all) { all.ForEach(_ => { Work(); }); }")]
    [InlineData("void M(int _) { Asyncio.CreateTask(Work()); }")]
    [InlineData("async Coroutine M() { CoroutineTask t; t = Asyncio.CreateTask(Work()); }")] // a task is no result of one
    [InlineData("async Coroutine M(bool b) { var t = b ? Asyncio.CreateTask(Work()) : null; }")]
    [InlineData("async Coroutine M() { Coroutine c; c = Work(); }")]
    public async Task Nothing_is_offered_where_it_would_not_compile_or_mean_another_thing(string members)
        => (await new Snippet(members).Fixes(new DroppedResultAnalyzer(), new DroppedResultFix())).ShouldBeEmpty();

    [Fact]
    public async Task No_await_is_offered_where_none_can_stand()
        => (await new Snippet("void M() { Work(); }").Fixes(new DroppedResultAnalyzer(), new DroppedResultFix())).ShouldBe(["Run it as a task"]);
}
