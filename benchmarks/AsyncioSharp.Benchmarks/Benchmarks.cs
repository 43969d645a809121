using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// The workloads that are sound as repeated calls in one process, under BenchmarkDotNet: time and bytes per operation, with their spread.
/// Whole runs (timers, memory, threads) are measured by the <c>quick</c> command.
/// </summary>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByMethod)]
[HideColumns("Job", "Error", "Median", "RatioSD")]
public class Benchmarks
{
    private const int Operations = 100_000;

    private readonly Dictionary<string, Workload> _workloads = [];

    /// <summary>Who runs the workload: this library, or plain tasks on a pump.</summary>
    [Params("asyncio", "pump")]
    public string Peer { get; set; } = "asyncio";

    /// <summary>Makes the workloads of the peer.</summary>
    [GlobalSetup]
    public void Setup()
    {
        foreach (var workload in Catalogue.All.Where(w => w.Peer == Peer))
        {
            _workloads[workload.Name] = workload;
        }
    }

    /// <summary>Create a task that returns at once, and await it.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int SpawnJoin() => _workloads["spawn_join"].Run(Operations);

    /// <summary>Let the others run once.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int Yield() => _workloads["yield_1"].Run(Operations);

    /// <summary>One turn of a thousand tasks that let each other run.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int YieldOfThousand() => _workloads["yield_1000"].Run(Operations);

    /// <summary>One level of a hundred nested calls.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int AwaitChain() => _workloads["await_chain"].Run(Operations);

    /// <summary>Let the others run once, a hundred calls deep.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int DeepYield() => _workloads["deep_yield"].Run(Operations);

    /// <summary>One of 10,000 tasks that are gathered.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int Gather() => _workloads["gather"].Run(Operations);

    /// <summary>One round trip of two tasks through two futures.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int PingPong() => _workloads["ping_pong_future"].Run(Operations);

    /// <summary>One round trip of two tasks through two queues.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int PingPongQueue() => _workloads["ping_pong_queue"].Run(Operations);

    /// <summary>One timeout that does not expire.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int Timeout() => _workloads["timeout"].Run(Operations);

    /// <summary>Spawn, cancel, and look at the outcome.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int CancelByStatus() => _workloads["cancel_status"].Run(Operations);

    /// <summary>Spawn and cancel, with a handler in the way, and catch.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int CancelHandler() => _workloads["cancel_handler"].Run(Operations);

    /// <summary>Spawn and cancel, with a handler in the way, and look at the outcome.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public int CancelHandlerByStatus() => _workloads["cancel_handler_status"].Run(Operations);
}
