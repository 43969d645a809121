using System.Net.Sockets;
using AsyncioSharp.Benchmarks;
using AsyncioSharp.Benchmarks.Compare;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Benchmarks;

/// <summary>The echo workloads: their servers answer, what asks them finds out what is wrong, and no server is left behind.</summary>
public class EchoTests
{
    public static TheoryData<string> Servers => ["own sockets", "sockets of .NET", "plain tasks"];

    [Theory]
    [MemberData(nameof(Servers))]
    public void A_server_answers_everybody(string server)
    {
        Func<Socket, Coroutine<int>> serve = server switch { "own sockets" => EchoServers.Serve, "plain tasks" => ServeByTasks, _ => EchoServers.ServeByDotnet };
        Serving(serve, static async load =>
        {
            for (int i = 0; i < 3; i++)
            {
                var (first, second) = (load.Ask(0, await load.Connect(), 20), load.Ask(1, await load.Connect(), 20));
                await Asyncio.Gather(first, second);
            }
        });

        static async Coroutine<int> ServeByTasks(Socket listener) => await EchoServers.ServeByTasks(listener);
    }

    [Theory]
    [InlineData(true, "The server has answered wrongly.")]
    [InlineData(false, "The server has closed a connection.")]
    public void A_wrong_answer_and_a_missing_one_are_told(bool isWhole, string message)
        => Serving(listener => AnswerOnce(listener, isWhole), async load =>
        {
            var failure = await OnLoop.Failure<InvalidOperationException>(Asyncio.CreateTask(load.Ask(0, await load.Connect(), 2)));
            failure.Message.ShouldBe(message);
        });

    [Fact]
    public void A_silent_server_is_told()
        => Serving(
            static async _ => await Asyncio.GetRunningLoop().CreateFuture<int>(),
            static async load => (await OnLoop.Failure<TimeoutException>(load.Run(static () => default))).Message.ShouldBe("The server does not answer."));

    [Fact]
    public void Where_nobody_listens_the_load_fails()
    {
        int port;
        using (var listener = EchoServers.Listen())
        {
            port = EchoServers.Port(listener);
        }
        Commands.Run(["load", $"{port}", $"{Environment.ProcessId}"]).ShouldBe(1);
    }

    [Fact]
    public void The_figures_are_of_one_request_and_of_the_processor_time_of_the_server()
    {
        string line = EchoLoad.Line([.. Enumerable.Range(0, 200).Select(static i => (double)i).Reverse()], TimeSpan.FromMilliseconds(4), TimeSpan.FromMilliseconds(2));
        line.ShouldBe("n=200 ns=20000.0 cpu_ns=10000.0 requests_s=50000 median_us=100.0 late_us=198.0");
        ResultLine.Parse(line)["cpu_ns"].ShouldBe(10_000);
    }

    [Theory]
    [InlineData("LISTENING 40123", 40123)]
    [InlineData("LISTENING", null)]
    [InlineData("Traceback:", null)]
    [InlineData(null, null)]
    public void A_server_tells_its_port_in_a_line(string? line, int? port) => EchoRun.Port(line).ShouldBe(port);

    [Theory]
    [InlineData("exit 77", null)]
    [InlineData("echo 'wrong' >&2; exit 1", "wrong")]
    [InlineData("echo 'no port'", "it printed no figures")]
    public void A_server_that_does_not_listen_is_judged_by_how_it_ends(string script, string? failure)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such shell.");
        var outcome = new Peer("shell", ["sh", "-c", script]).Measure("echo");
        outcome.Figures.ShouldBeNull();
        outcome.Failure.ShouldBe(failure);
    }

    [Fact]
    public async Task A_process_is_killed_when_it_is_not_needed_any_more()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such shell.");
        Task<string?> next;
        using (var process = new Peer("shell", []).Start(["sh", "-c", "echo up; sleep 1000"]))
        {
            (await process.ReadLine()).ShouldBe("up");
            next = process.ReadLine();
        }
        (await next).ShouldBeNull(); // it, and what it has started, hold the pipe no more
    }

    [Fact]
    public void Beside_what_only_others_have_stands_the_server_on_own_sockets()
    {
        Catalogue.Choose(Comparison.Workloads, ["echo"], TextWriter.Null).ShouldBe(["echo", "echo_protocol", "echo_inline", "echo_dotnet"]);
        Catalogue.Own("echo_protocol").Name.ShouldBe("echo");
        Catalogue.Own("echo_inline").Name.ShouldBe("echo");
        Catalogue.Own("echo_dotnet").Name.ShouldBe("echo_dotnet");
    }

    // Runs the body, which gets what asks the server, while this serves.
    private static void Serving(Func<Socket, Coroutine<int>> serve, Func<EchoLoad, Coroutine> body) => Asyncio.Run(Run(serve, body));

    private static async Coroutine Run(Func<Socket, Coroutine<int>> serve, Func<EchoLoad, Coroutine> body)
    {
        using var listener = EchoServers.Listen();
        var server = Asyncio.CreateTask(serve(listener));
        await body(new EchoLoad(EchoServers.Port(listener)) { Step = 0.05 });
        server.Cancel();
        await Asyncio.Wait(server);
    }

    // Answers a question, wrongly or but in part, and closes the connection.
    private static async Coroutine<int> AnswerOnce(Socket listener, bool isWhole)
    {
        var loop = Asyncio.GetRunningLoop();
        using var connection = await loop.SockAccept(listener);
        byte[] buffer = new byte[1000];
        int count = await loop.SockRecvInto(connection, buffer);
        buffer[count - 1]++;
        await loop.SockSendAll(connection, buffer.AsMemory(0, isWhole ? count : count - 1));
        return 0;
    }
}
