// The least that each workload costs with the coroutines of Mini.cs. usage: floor-dotnet PEER WORKLOAD N
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace FloorBench;

public static unsafe partial class Os
{
    [StructLayout(LayoutKind.Sequential)]
    private struct Rusage { public long US, UU, SS, SU; public fixed long Rest[14]; }
    [DllImport("libc")] private static extern int getrusage(int who, Rusage* r);

    public static (double Cpu, long Faults) Usage()
    {
        Rusage r;
        getrusage(0, &r);
        return (r.US + r.SS + (r.UU + r.SU) / 1e6, r.Rest[4]);
    }

    public static long StatusKb(string key)
    {
        foreach (var line in File.ReadLines("/proc/self/status"))
            if (line.StartsWith(key + ":"))
                return long.Parse(line.AsSpan(key.Length + 1).Trim().ToString().Split(' ')[0]);
        return 0;
    }
}

public static class Program
{
    private const int Batch = 10000;
    private static void Check(bool ok) { if (!ok) throw new InvalidOperationException("wrong result"); }
    private static long Tri(long n) => n * (n - 1) / 2;
    private static readonly YieldNow s_yield = default;

    private static async Coro<int> Value(int i) => i;
    private static async Coro<int> YieldValue(int i) { await s_yield; return i; }

    private static async Coro<int> SpawnJoin(int n)
    {
        long total = 0;
        var tasks = new Coro<int>[Batch];
        for (int b = 0; b < n; b += Batch)
        {
            for (int k = 0; k < Batch; k++) tasks[k] = Value(b + k).Spawn();
            for (int k = 0; k < Batch; k++) total += await tasks[k];
        }
        Check(total == Tri(n));
        return n;
    }

    private static async Coro<int> Yielder(int n) { for (int i = 0; i < n; i++) await s_yield; return n; }
    private static async Coro<int> Yield1000(int n)
    {
        int per = n / 1000, total = 0;
        var tasks = new Coro<int>[1000];
        for (int i = 0; i < 1000; i++) tasks[i] = Yielder(per).Spawn();
        foreach (var t in tasks) total += await t;
        return total;
    }

    private static async Coro<int> Chain(int d, int y)
    {
        if (d == 1) { for (int i = 0; i < y; i++) await s_yield; return 1; }
        return 1 + await Chain(d - 1, y);
    }
    private static async Coro<int> Chains(int n, int y)
    {
        int rounds = Math.Max(1, n / 100), total = 0;
        for (int i = 0; i < rounds; i++) total += await Chain(100, y);
        Check(total == rounds * 100);
        return rounds * 100;
    }

    private static async Coro<int> Gather(int n)
    {
        int rounds = Math.Max(1, n / Batch);
        long total = 0;
        var tasks = new Coro<int>[Batch];
        for (int r = 0; r < rounds; r++)
        {
            for (int k = 0; k < Batch; k++) tasks[k] = YieldValue(k).Spawn();
            foreach (var t in tasks) total += await t;
        }
        Check(total == rounds * Tri(Batch));
        return rounds * Batch;
    }

    private static async Coro<int> PingPong(int n)
    {
        var box = new Future<int>[2];
        box[0] = new();
        async Coro<int> B()
        {
            for (int i = 0; i < n; i++)
            {
                int v = await box[0];
                box[0] = new();
                box[1].SetResult(v + 1);
            }
            return 0;
        }
        async Coro<long> A()
        {
            long total = 0;
            for (int i = 0; i < n; i++)
            {
                var r = box[1] = new();
                box[0].SetResult(i);
                total += await r;
            }
            return total;
        }
        var b = B().Spawn();
        var a = A().Spawn();
        Check(await a == Tri(n + 1L));
        await b;
        return n;
    }

    private static async Coro<int> Timers(int n)
    {
        uint x = 12345;
        static async Coro<int> One(uint us) { await new SleepTill(Stopwatch.GetTimestamp() + us * 1000L); return 1; }
        var tasks = new Coro<int>[n];
        for (int i = 0; i < n; i++)
        {
            x = x * 1664525 + 1013904223;
            tasks[i] = One((x >> 8) % 500001).Spawn();
        }
        int total = 0;
        foreach (var t in tasks) total += await t;
        Check(total == n);
        return n;
    }

    private static async Coro<int> SleepLong() { await new SleepTill(Stopwatch.GetTimestamp() + 1000_000_000_000L); return 1; }
    private static async Coro<int> AwaitOn(Future<int> f) => await f;
    private static async Coro<int> Memory(string peer, string w, int n)
    {
        var keep = new Coro<int>[n];
        var futures = new Future<int>[n];
        Array.Fill(keep, null!);
        Array.Fill(futures, null!);
        await s_yield;
        GC.Collect(); GC.WaitForPendingFinalizers(); GC.Collect();
        long before = Os.StatusKb("VmRSS");
        var sw = Stopwatch.StartNew();
        for (int i = 0; i < n; i++)
            keep[i] = (w == "memory_sleep" ? SleepLong() : AwaitOn(futures[i] = new())).Spawn();
        await s_yield;
        double secs = sw.Elapsed.TotalSeconds;
        long after = Os.StatusKb("VmRSS");
        GC.Collect(); GC.WaitForPendingFinalizers(); GC.Collect();
        long gced = Os.StatusKb("VmRSS");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"workload={w} peer={peer} n={n} seconds={secs:F3} bytes_task={(after - before) * 1024.0 / n:F0} "
            + $"bytes_task_after_gc={(gced - before) * 1024.0 / n:F0} heap_bytes_task={GC.GetTotalMemory(false) / (double)n:F0} "
            + $"rss_before_kb={before} rss_kb={after} hwm_kb={Os.StatusKb("VmHWM")}"));
        GC.KeepAlive(keep); GC.KeepAlive(futures);
        Environment.Exit(0);
        return n;
    }

    public static int Main(string[] a)
    {
        string peer = a[0], w = a[1];
        int n = int.Parse(a[2]);
        if (w == "echo") return Echo.Serve();
        if (w.StartsWith("memory")) return Loop.Run(Memory(peer, w, n));
        Func<int, int>? fn = w switch
        {
            "spawn_join" => k => Loop.Run(SpawnJoin(k)),
            "yield_1" => k => Loop.Run(Yielder(k)),
            "yield_1000" => k => Loop.Run(Yield1000(k)),
            "await_chain" => k => Loop.Run(Chains(k, 1)),
            "deep_yield" => k => Loop.Run(Chains(k, 100)),
            "gather" => k => Loop.Run(Gather(k)),
            "ping_pong_future" => k => Loop.Run(PingPong(k)),
            "timers" => k => Loop.Run(Timers(k)),
            _ => null,
        };
        if (fn is null) return 77; // no such workload
        int reps = int.TryParse(Environment.GetEnvironmentVariable("REPS"), out int v) ? v : 5;
        var wall = new double[reps]; var cpu = new double[reps]; var flt = new long[reps];
        int ops = 0;
        var since = Stopwatch.StartNew();
        for (int k = 0; k < 2 || since.Elapsed.TotalSeconds < 1.5; k++) fn(n); // tiered compilation
        for (int r = 0; r < reps; r++)
        {
            var (c0, f0) = Os.Usage();
            long t0 = Stopwatch.GetTimestamp();
            ops = fn(n);
            double t = Stopwatch.GetElapsedTime(t0).TotalSeconds;
            var (c1, f1) = Os.Usage();
            wall[r] = t; cpu[r] = c1 - c0; flt[r] = f1 - f0;
        }
        Array.Sort(wall); Array.Sort(cpu); Array.Sort(flt);
        int m = reps / 2;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"workload={w} peer={peer} n={ops} reps={reps} best_s={wall[0]:F4} med_s={wall[m]:F4} "
            + $"best_ns={wall[0] * 1e9 / ops:F1} med_ns={wall[m] * 1e9 / ops:F1} med_cpu_s={cpu[m]:F4} med_cpu_ns={cpu[m] * 1e9 / ops:F1} med_faults={flt[m]}"));
        return 0;
    }
}
