using System.Net;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary><c>HttpClient</c> in coroutines, and coroutines in the handlers of a web server.</summary>
public sealed class HttpTests(WebServer server) : IClassFixture<WebServer>, IDisposable
{
    private readonly HttpClient _client = new() { BaseAddress = server.Address };

    public void Dispose() => _client.Dispose();

    [Fact]
    public void A_request_is_awaited_and_its_answer_comes_to_the_loops_thread()
    {
        Scenario.Run(async () =>
        {
            int thread = Environment.CurrentManagedThreadId;
            (await _client.GetStringAsync("hello/world")).ShouldBe("hello world");
            Environment.CurrentManagedThreadId.ShouldBe(thread);
        });
    }

    [Fact]
    public void Failures_come_out_of_the_await_as_they_are()
    {
        Scenario.Run(async () =>
        {
            (await Scenario.FailureOf<HttpRequestException>(() => _client.GetStringAsync("broken"))).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
            using var nobody = new HttpClient();
            await Scenario.FailureOf<HttpRequestException>(() => nobody.GetStringAsync("http://127.0.0.1:1/"));
        });
    }

    [Fact]
    public void A_cancelled_task_leaves_the_request_and_with_its_token_ends_it()
    {
        Scenario.Run(async () =>
        {
            int before = server.Aborted;
            int begun = server.Begun;
            // One that was given up before it had arrived, the server would never hear of.
            await Scenario.CancelInTheMiddle(() => _client.GetStringAsync("never", CoroutineTask.Current.CancellationToken), () => server.Begun > begun);
            while (server.Aborted == before)
            {
                await Asyncio.Sleep(0.01); // the connection is closed, and the server hears of it
            }
        });
    }

    [Fact]
    public void Without_the_token_the_exception_comes_at_once_all_the_same()
    {
        Scenario.Run(async () => await Scenario.CancelInTheMiddle(() => _client.GetStringAsync("never")));
    }

    [Fact]
    public void WaitFor_limits_a_request_and_one_that_stops_in_the_middle_of_its_answer()
    {
        Scenario.Run(async () =>
        {
            await Scenario.TimeOut(() => _client.GetStringAsync("never"));
            await Scenario.TimeOut(() => _client.GetStringAsync("half", CoroutineTask.Current.CancellationToken));
        });
    }

    [Fact]
    public void An_async_method_below_a_coroutine_runs_its_finally_when_the_task_is_cancelled()
    {
        Scenario.Run(async () =>
        {
            bool cleanedUp = false;
            await Scenario.CancelInTheMiddle(() => Download(CoroutineTask.Current.CancellationToken));
            cleanedUp.ShouldBeTrue();

            async Task Download(CancellationToken token)
            {
                try
                {
                    await _client.GetStringAsync("never", token);
                }
                finally
                {
                    await Asyncio.Sleep(0.01, CancellationToken.None);
                    cleanedUp = true;
                }
            }
        });
    }

    [Fact]
    public void Many_requests_at_once()
    {
        Scenario.Run(async () =>
        {
            var answers = await Scenario.AtOnce(50, Get);
            answers.ShouldBe(Enumerable.Range(0, 50).Select(i => $"hello {i}"));

            async Coroutine<string> Get(int i) => await _client.GetStringAsync($"hello/{i}");
        });
    }

    [Fact]
    public void Handlers_without_a_context_run_coroutines_on_a_loop_and_a_client_that_leaves_cancels_them()
    {
        Scenario.Run(async () =>
        {
            server.Loop = Asyncio.GetRunningLoop();
            var answers = await Scenario.AtOnce(20, Get);
            answers.ShouldAllBe(answer => answer == "0.01");
            await Scenario.TimeOut(() => _client.GetStringAsync("loop/60", CoroutineTask.Current.CancellationToken));
            while (server.CancelledWork == 0)
            {
                await Asyncio.Sleep(0.01);
            }

            async Coroutine<string> Get(int i) => await _client.GetStringAsync("loop/0.01");
        });
    }
}
