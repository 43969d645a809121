using AsyncioSharp.CodeFixes;

namespace AsyncioSharp.Analyzers.Tests;

public class CoroutineReuseTests
{
    private static Task Reports(string members) => new Snippet(members).ShouldReport(new CoroutineReuseAnalyzer(), Rules.RunTwice);

    [Theory]
    [InlineData("async Coroutine M() { var c = Work(); await c; await [|c|]; }")]
    [InlineData("async Coroutine M(Coroutine c) { await c; await [|c|]; }")]
    [InlineData("async Coroutine M() { var c = Fetch(); Print(await c + await [|c|]); }")]
    [InlineData("async Coroutine M() { var c = Fetch(); await c; await Asyncio.CreateTask([|c|]); }")]
    [InlineData("async Coroutine M() { var c = Fetch(); var t = Asyncio.CreateTask(c); await [|c|]; await t; }")]
    [InlineData("async Coroutine M() { var c = Fetch(); await Asyncio.WaitFor(c, 1); await Asyncio.Gather([|c|], Fetch()); }")]
    [InlineData("void M(EventLoop loop) { var c = Work(); loop.RunUntilComplete(c); loop.RunUntilComplete([|c|]); }")]
    [InlineData("void M(EventLoop loop) { var c = Work(); var t = new CoroutineTask(c, loop); loop.CreateTask([|c|]); }")]
    [InlineData("async Coroutine M() { var c = Work(); if (Maybe()) await c; else Asyncio.CreateTask(c); await [|c|]; }")]
    [InlineData("async Coroutine M() { var c = Work(); try { await c; } finally { await [|c|]; } }")]
    [InlineData("async Coroutine M() { var c = Work(); try { await c; } catch (TimeoutException) { await [|c|]; } }")]
    [InlineData("async Coroutine M() { var c = Work(); while (true) { await [|c|]; } }")]
    [InlineData("async Coroutine M() { var c = Work(); foreach (var x in new[] { 1, 2 }) { Print(x); await [|c|]; } }")]
    [InlineData("async Coroutine M() { var c = Work(); for (int i = 0; i < 3; i++) { try { await [|c|]; break; } catch (TimeoutException) { } } }")]
    [InlineData("void M() { async Coroutine Local() { var c = Work(); await c; await [|c|]; } Print(Local()); }")]
    [InlineData("void M() { Func<Coroutine> f = async () => { var c = Work(); await c; await [|c|]; }; Print(f); }")]
    [InlineData("async Coroutine M() { Coroutine c; c = Work(); await c; c = Work(); await c; await [|c|]; }")]
    [InlineData("async Coroutine M() { var c = Work(); await (Coroutine)c; await ([|c|]); }")]
    [InlineData("async Coroutine M() { var c = Work(); Again: await [|c|]; goto Again; }")]
    [InlineData("async Coroutine M() { while (true) { var c = Work(); do { await [|c|]; } while (true); } }")]
    [InlineData("async Coroutine M() { var c = Work(); var same = c; await c; await [|same|]; }")]
    [InlineData("async Coroutine M(Coroutine c) { var same = c; var third = same; await third; Asyncio.CreateTask([|c|]); }")]
    [InlineData("async Coroutine M() { var c = Work(); while (Maybe()) { var same = c; await [|same|]; } }")]
    [InlineData("async Coroutine M() { var c = Work(); await new TaskGroup().Run(async group => { group.CreateTask(c); group.CreateTask([|c|]); }); }")]
    [InlineData(
        "async Coroutine M() { try { Func<Coroutine> f = async () => { var c = Work(); "
            + "try { await c; } catch (IOException) { } await [|c|]; }; await f(); } finally { Print(1); } }")]
    [InlineData("async Coroutine M(Coroutine[] all) { await Asyncio.Gather(all); Print(all[0]); await Asyncio.Gather([|all|]); }")]
    [InlineData("async Coroutine M(int[] xs) { var all = xs.Select(x => Fetch(x)).ToList(); await Asyncio.Gather(all); foreach (var c in [|all|]) Print(await c); }")]
    [InlineData("async Coroutine M(Coroutine<int>[] all) { await Asyncio.Gather([.. all]); Print(await [|all|][0]); await Asyncio.Gather([|all|]); }")]
    [InlineData("async Coroutine M(List<Coroutine> all) { while (Maybe()) { await Asyncio.Gather([|all|]); } }")]
    [InlineData(
        "async Coroutine M() { foreach (var x in new[] { 1, 2 }) { try { var c = Fetch(x); await c; "
            + "if (Maybe()) { await [|c|]; } } catch (IOException) { Print(1); } finally { Print(2); } } Print(3); }")]
    [InlineData(
        "async Coroutine M() { Print(1); if (Maybe()) Print(2); var c = Work(); while (Maybe()) { Print(3); "
            + "if (Maybe()) continue; Print(4); } await c; try { Print(5); await [|c|]; } finally { Print(6); } Print(7); }")]
    [InlineData("async Coroutine M() { var c = Work(); do { await [|c|]; } while (!false); }")]
    [InlineData("async Coroutine M() { var c = Work(); do { await c; } while (false); await [|c|]; }")]
    [InlineData("async Coroutine M() { var s = Asyncio.Sleep(0.5); await s; await [|s|]; }")]
    [InlineData("async Coroutine M(double x) { var s = Asyncio.Sleep(x); await s; await [|s|]; }")]
    [InlineData("async Coroutine M() { var s = Asyncio.Sleep(TimeSpan.FromSeconds(1)); await s; await [|s|]; }")]
    [InlineData("async Coroutine M() { var s = Asyncio.Sleep(0, 5); await s; await [|s|]; }")] // one of its own, which gives the value
    public Task A_coroutine_that_is_certainly_run_again_is_reported(string members) => Reports(members);

    [Theory]
    [InlineData("async Coroutine M() { var c = Work(); await c; c = Work(); await c; }")]
    [InlineData("async Coroutine M() { var c = Work(); if (Maybe()) await c; else await c; }")]
    [InlineData("async Coroutine M() { var c = Work(); if (Maybe()) { await c; return; } await c; }")]
    [InlineData("async Coroutine M() { var c = Work(); bool done = false; if (Maybe()) { await c; done = true; } if (!done) await c; }")]
    [InlineData("async Coroutine M() { var c = Work(); switch (DateTime.Now.Day) { case 1: await c; break; case 2: await c; break; default: c.Close(); break; } }")]
    [InlineData("async Coroutine M() { foreach (var x in new[] { 1, 2 }) { var c = Fetch(x); await c; } }")]
    [InlineData("async Coroutine M(List<Coroutine> all) { foreach (var c in all) await c; }")]
    [InlineData("async Coroutine M() { var c = Work(); while (true) { await c; c = Work(); } }")]
    [InlineData("async Coroutine M() { var c = Work(); while (true) { await c; break; } }")]
    [InlineData("async Coroutine M() { var c = Work(); do { await c; } while (false); }")]
    [InlineData("async Coroutine M() { var c = Work(); do { await c; if (Maybe()) continue; Print(1); } while (!true); }")]
    [InlineData("async Coroutine M(Coroutine c) { var first = c; c = Work(); await first; await c; }")]
    [InlineData("async Coroutine M() { var a = Work(); var b = Work(); var c = a; if (Maybe()) c = b; await c; if (Maybe()) await a; }")]
    [InlineData("async Coroutine M() { var a = Work(); var b = Work(); var c = a; c = b; await c; await a; }")]
    [InlineData("async Coroutine M() { var c = Work(); while (true) { if (Maybe()) { await c; return; } await Asyncio.Sleep(1); } }")]
    [InlineData("async Coroutine M() { var c = Work(); bool first = true; foreach (var x in new[] { 1, 2 }) { if (first) { await c; first = false; } } }")]
    [InlineData("async Coroutine M() { var c = Work(); try { await Fetch(); await c; } catch (TimeoutException) { await c; } }")]
    [InlineData("async Coroutine M() { var c = Work(); try { if (Maybe()) await c; } finally { c.Close(); } }")]
    [InlineData("async Coroutine M() { var c = Work(); await c; Print(c.State); Print(c); c.Close(); }")]
    [InlineData("async Coroutine M() { var t = Asyncio.CreateTask(Work()); await t; await t; }")]
    [InlineData("async Coroutine M() { var c = Work(); async Coroutine Again() { await c; } await c; Print(Again()); }")]
    [InlineData("async Coroutine M() { var c = Work(); await c; Renew(ref c); await c; } static void Renew(ref Coroutine c) => c = Work();")]
    [InlineData("async Coroutine M() { var c = Work(); await c; (c, var d) = (Work(), Work()); await c; await d; }")]
    [InlineData("async Coroutine M() { Coroutine? c = null; for (int i = 0; i < 3; i++) { c ??= Work(); await c; c = null; } }")]
    [InlineData("async Coroutine M() { var c = Fetch(); Print(await Asyncio.Gather(c, c)); }")] // once, and its result twice
    [InlineData("async Coroutine M() { var c = Work(); var first = c; c = Work(); await first; await c; }")]
    [InlineData("async Coroutine M() { var c = Work(); while (Maybe()) { var same = c; await same; c = Work(); } }")]
    [InlineData("async Coroutine M() { foreach (var x in new[] { 1, 2 }) { var c = Fetch(x); var same = c; await same; } }")]
    [InlineData("async Coroutine M() { var c = Work(); var same = c; if (Maybe()) await c; else await same; }")]
    [InlineData("async Coroutine M(bool b) { var c = Work(); var d = Work(); var either = b ? c : d; await either; await (b ? d : c); }")]
    [InlineData("async Coroutine M() { var c = Work(); await new TaskGroup().Run(async group => { group.CreateTask(c); }); }")]
    [InlineData("async Coroutine M(IEnumerable<Coroutine> all) { await Asyncio.Gather(all); await Asyncio.Gather(all); }")]
    [InlineData("async Coroutine M(List<Coroutine<int>> all) { foreach (var c in all) await c; for (int i = 0; i < all.Count; i++) Print(all[i]); }")]
    [InlineData("async Coroutine M(List<Coroutine> all) { await Asyncio.Gather(all); all.Clear(); all.Add(Work()); await Asyncio.Gather(all); }")]
    [InlineData("async Coroutine M() { var all = new Coroutine[3]; for (;;) { for (int i = 0; i < 3; i++) all[i] = Work(); await Asyncio.Gather(all); } }")]
    [InlineData("async Coroutine M(List<Coroutine> all) { await Asyncio.Gather(all); for (int i = 0; i < 3; i++) { all[i] = Work(); } await Asyncio.Gather(all); }")]
    [InlineData("async Coroutine M(Coroutine[] all) { await Asyncio.Gather(all); Fill(out all[0]); await Asyncio.Gather(all); } static void Fill(out Coroutine c) => c = Work();")]
    [InlineData("async Coroutine M(List<Coroutine> all) { await Asyncio.Gather(all); Print(all.Count); foreach (var c in all) Print(c); }")]
    [InlineData("async Coroutine M(Coroutine[] all) { if (Maybe()) await Asyncio.Gather(all); else foreach (var c in all) await c; }")]
    [InlineData(
        "async Coroutine M() { Coroutine c = Work(); try { Print(1); if (Maybe()) { await c; throw new IOException(); } } "
            + "catch (IOException) { return; } catch (TimeoutException) { await c; } }")]
    [InlineData("async Coroutine M(Coroutine c) { try { Print(1); if (Maybe()) { await c; return; } Print(2); } catch (IOException) { await c; } Print(3); }")]
    [InlineData("async Coroutine M(Coroutine c) { bool ran = false; Again: if (ran) { c = Work(); } ran = true; await c; if (Maybe()) goto Again; }")]
    public Task A_coroutine_that_may_be_run_only_once_is_not(string members) => Reports(members);

    [Theory]
    [InlineData("async Coroutine M() { var s = Asyncio.Sleep(0); await s; await s; }")]
    [InlineData("async Coroutine M() { var s = Asyncio.Sleep(-1.5); while (true) { await s; } }")]
    [InlineData("async Coroutine M() { const int None = 0; Coroutine s = Asyncio.Sleep(seconds: None); var same = s; await s; await same; }")]
    [InlineData("async Coroutine M() { var s = Asyncio.Sleep(TimeSpan.Zero); await s; Asyncio.CreateTask(s); }")]
    [InlineData("async Coroutine M() { var s = Maybe() ? Asyncio.Sleep(0) : Work(); await s; await s; }")]
    public Task A_sleep_of_zero_may_be_awaited_again(string members) => Reports(members);

    [Theory]
    [InlineData(
        "async Coroutine M() { var c = Fetch(5); Print(await c); Print(await c); }", "Make one task of it",
        "async Coroutine M() { var c = Asyncio.CreateTask(Fetch(5)); Print(await c); Print(await c); }")]
    [InlineData(
        "async Coroutine M(int x) { var c = Fetch(x); await c; if (Maybe()) { await c; } }", "Make one task of it",
        "async Coroutine M(int x) { var c = Asyncio.CreateTask(Fetch(x)); await c; if (Maybe()) { await c; } }")]
    [InlineData(
        "async Coroutine M() { Coroutine<int> c = Fetch(5); Print(await c + await c); }", "Call the method again",
        "async Coroutine M() { Coroutine<int> c = Fetch(5); Print(await c + await Fetch(5)); }")]
    [InlineData(
        "void M(EventLoop loop) { var c = Work(); loop.RunUntilComplete(c); loop.RunUntilComplete(c); }", "Call the method again",
        "void M(EventLoop loop) { var c = Work(); loop.RunUntilComplete(c); loop.RunUntilComplete(Work()); }")]
    public Task A_second_run_becomes_a_task_or_a_second_call(string members, string title, string fixedMembers)
        => new Snippet(members).ShouldBecome(fixedMembers, new CoroutineReuseAnalyzer(), new CoroutineReuseFix(), title);

    [Theory]
    [InlineData("async Coroutine M(Coroutine c) { await c; await c; }", "")] // whoever made it must say
    [InlineData("async Coroutine M() { var c = Work(); while (true) { await c; } }", "")] // the call belongs elsewhere
    [InlineData("async Coroutine M(int x) { var c = Fetch(x); await c; x++; await Asyncio.WaitFor(c, 1); }", "")] // it would be another call
    [InlineData("async Coroutine M() { var c = Work(); c.Close(); c = Work(); await c; await c; }", "")]
    [InlineData("async Coroutine M() { Coroutine c = Work(); await c; await c; }", "Call the method again")] // a task is of another type
    public async Task No_fix_is_offered_that_means_something_else(string members, string titles)
        => string.Join(", ", await new Snippet(members).Fixes(new CoroutineReuseAnalyzer(), new CoroutineReuseFix())).ShouldBe(titles);
}
