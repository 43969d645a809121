namespace AsyncioSharp.Analyzers.Tests;

public class GatherTests
{
    private static Task Reports(string members) => new Snippet(members).ShouldReport(new GatherAnalyzer(), Rules.GatherLeavesRest);

    [Theory]
    [InlineData("async Coroutine M() { try { await [|Asyncio.Gather(Fetch(1), Fetch(2))|]; } catch (IOException e) { Print(e); } }")]
    [InlineData("async Coroutine M() { try { await [|Asyncio.Gather(Work(), Fetch(2), Work())|]; } catch { } }")]
    [InlineData("async Coroutine M() { using var client = new HttpClient(); await [|Asyncio.Gather(Get(client), Get(client))|]; } async Coroutine Get(HttpClient c) { }")]
    [InlineData(
        "async Coroutine M() { using (var client = new HttpClient()) { Print(await [|Asyncio.Gather(Get(client), Get(client))|]); } } "
            + "async Coroutine<int> Get(HttpClient c) => 1;")]
    [InlineData("async Coroutine M(int[] xs) { try { Print(await [|Asyncio.Gather(xs.Select(x => Fetch(x)))|]); } catch (IOException) { } }")]
    [InlineData(
        "async Coroutine M(int[] xs) { try { await [|Asyncio.Gather([.. xs.Select(x => Fetch(x))])|]; "
            + "await [|Asyncio.Gather(from x in xs select Fetch(x))|]; await [|Asyncio.Gather(xs.Select(Fetch))|]; } catch (IOException) { } }")]
    [InlineData("async Coroutine M() { var a = Fetch(1); var b = Fetch(2); try { await [|Asyncio.Gather(a, b)|]; } catch (IOException) { } }")]
    [InlineData("async Coroutine M() { try { var both = [|Asyncio.Gather(Fetch(1), Fetch(2))|]; Print(await both); } catch (IOException) { } }")]
    [InlineData(
        "async Coroutine M() { using var client = new HttpClient(); var (a, b) = (Get(client), Get(client)); "
            + "await [|Asyncio.Gather(a, b)|]; } async Coroutine Get(HttpClient c) { }")]
    public Task A_gather_is_reported_where_its_survivors_would_run_on_unseen(string members) => Reports(members);

    [Theory]
    [InlineData("async Coroutine M() { await Asyncio.Gather(Fetch(1), Fetch(2)); }")] // a failure ends the function
    [InlineData("async Coroutine M(CoroutineTask<int> a, CoroutineTask<int> b) { try { await Asyncio.Gather(a, b); } catch (IOException) { a.Cancel(); b.Cancel(); } }")]
    [InlineData("async Coroutine M() { try { await Asyncio.Gather(Fetch(1)); } catch (IOException) { } }")]
    [InlineData("async Coroutine M() { try { await Asyncio.GatherOutcomes(Fetch(1), Fetch(2)); } catch (IOException) { } }")]
    [InlineData("async Coroutine M() { try { await Asyncio.Gather(Fetch(1), Fetch(2)); } catch (IOException) { Print(1); throw; } }")]
    [InlineData("async Coroutine M() { try { await Asyncio.Gather(Fetch(1), Fetch(2)); } catch (CancelledException) { } }")]
    [InlineData("async Coroutine M() { try { await Asyncio.Gather(Fetch(1), Fetch(2)); } finally { Print(1); } }")]
    [InlineData("async Coroutine M() { using var other = new HttpClient(); await Asyncio.Gather(Fetch(1), Fetch(2)); }")] // they do not use it
    [InlineData("async Coroutine M() { var all = Asyncio.Gather(Fetch(1), Fetch(2)); try { await all; } catch (IOException) { } }")] // at hand, and can be cancelled
    [InlineData("async Coroutine M() { try { var both = Asyncio.Gather(Fetch(1), Fetch(2)); try { await both; } finally { both.Cancel(); } } catch (IOException) { } }")]
    [InlineData("async Coroutine M(CoroutineTask<int>[] all) { try { await Asyncio.Gather(all); await Asyncio.Gather([.. all]); } catch (IOException) { } }")]
    public Task A_gather_is_as_good_as_a_group_elsewhere(string members) => Reports(members);
}
