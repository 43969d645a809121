using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// Where private fields of .NET's are not to be seen, everything goes on as the guide says. What is known is found out once for a process, so each program
/// runs in a child, in which a switch hides the fields.
/// </summary>
public class UnknownFieldsTests
{
    [Theory]
    [InlineData("", "await", "cancelled at once, operation runs")]
    [InlineData(PrivateFields.TasksSwitch, "await", "cancelled at once, operation runs")]
    [InlineData(PrivateFields.AwaitersSwitch, "await", "waits, cancelled when the operation has ended")]
    [InlineData("", "method of ours", "method cleans up, caller")]
    [InlineData(PrivateFields.TasksSwitch, "method of ours", "method cleans up, caller")]
    [InlineData(PrivateFields.AwaitersSwitch, "method of ours", "method cleans up, caller")]
    [InlineData("", "method of NET", "method cleans up, caller")]
    [InlineData(PrivateFields.TasksSwitch, "method of NET", "caller, method goes on, method cleans up")]
    [InlineData(PrivateFields.AwaitersSwitch, "method of NET", "method goes on, method cleans up, caller")]
    [InlineData("", "started only", "caller, started method goes on, started method cleans up")]
    [InlineData(PrivateFields.TasksSwitch, "started only", "started method cleans up, caller")]
    [InlineData("", "iterator", "iterator cleans up, caller")]
    [InlineData(PrivateFields.TasksSwitch, "iterator", "iterator cleans up, caller")]
    [InlineData(PrivateFields.AwaitersSwitch, "iterator", "iterator cleans up, caller")]
    [InlineData("", "left iterator", "caller, iterator cleans up")]
    [InlineData(PrivateFields.TasksSwitch, "left iterator", "caller, iterator cleans up")]
    [InlineData(PrivateFields.AwaitersSwitch, "left iterator", "iterator cleans up, caller")]
    public async Task A_cancellation_does_what_the_guide_says(string hidden, string program, string expected)
        => (await UnknownFieldsPrograms.RunInChild(hidden, program)).ShouldBe(expected);

    [Fact]
    public void Here_all_of_them_are_known()
    {
        TaskFields.AreKnown.ShouldBeTrue();
        AwaiterKind<TaskAwaiter<string>>.Known.ShouldNotBeNull();
        AwaiterKind<ValueTaskAwaiter>.Known.ShouldNotBeNull();
    }
}

/// <summary>The programs of <see cref="UnknownFieldsTests"/>.</summary>
internal static class UnknownFieldsPrograms
{
    private const string HiddenVariable = "ASYNCIOSHARP_TESTS_HIDDEN";
    private const string ProgramVariable = "ASYNCIOSHARP_TESTS_HIDDEN_PROGRAM";

    internal static async Task<string> RunInChild(string hidden, string program)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Assembly.GetExecutingAssembly().Location]) { RedirectStandardOutput = true };
        start.Environment[HiddenVariable] = hidden;
        start.Environment[ProgramVariable] = program;
        using var process = Process.Start(start).ShouldNotBeNull();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2 * Signal.LimitSeconds));
        try
        {
            return (await process.StandardOutput.ReadToEndAsync(deadline.Token)).Trim();
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

#pragma warning disable CA2255 // not a library's: this is the only way in before the test framework
    [ModuleInitializer]
    internal static void RunInstead()
#pragma warning restore CA2255
    {
        if (Environment.GetEnvironmentVariable(ProgramVariable) is not { Length: > 0 } program)
        {
            return;
        }
        // On this thread alone: others would wait for the initializer's end before they run anything here.
        if (Environment.GetEnvironmentVariable(HiddenVariable) is { Length: > 0 } hidden)
        {
            AppContext.SetSwitch(hidden, false);
        }
        var log = new List<string>();
        Asyncio.Run(program == "await" ? Await(log) : Cancel(program, log));
        Console.WriteLine(string.Join(", ", log));
        Console.Out.Flush();
        Environment.Exit(0);
    }

    private static async Coroutine Await(List<string> log)
    {
        var operation = new TaskCompletionSource();
        var task = Asyncio.CreateTask(Worker());
        await Asyncio.Sleep(0);
        task.Cancel();
        await Turns();
        log.Add(task.IsCancelled ? "cancelled at once" : "waits");
        operation.SetResult();
        await Asyncio.Wait(task);
        log.Add(log[0] == "waits" && task.IsCancelled ? "cancelled when the operation has ended" : "operation runs");

        async Coroutine Worker()
        {
            try
            {
                await operation.Task;
            }
            finally
            {
                await Asyncio.Sleep(0);
            }
        }
    }

    private static async Coroutine Cancel(string program, List<string> log)
    {
        var operation = new TaskCompletionSource();
        var other = new TaskCompletionSource();
        var ours = Asyncio.GetRunningLoop().CreateFuture();
        var items = Channel.CreateUnbounded<int>();
        var task = Asyncio.CreateTask(Caller());
        await Turns();
        task.Cancel();
        await Turns();
        operation.SetResult();
        items.Writer.TryWrite(1).ShouldBeTrue();
        await Turns();
        other.SetResult();
        if (!ours.IsDone)
        {
            ours.SetResult(null);
        }
        await Asyncio.Wait(task);
        await Turns();

        async Coroutine Caller()
        {
            try
            {
                switch (program)
                {
                    case "method of ours":
                        await Method("method", false);
                        break;
                    case "method of NET":
                        await Method("method", true);
                        break;
                    case "started only":
                        _ = Started();
                        await other.Task;
                        break;
                    case "iterator":
                        await foreach (int _ in Numbers(left: false))
                        {
                        }
                        break;
                    default:
                        await foreach (int _ in Numbers(left: true))
                        {
                        }
                        break;
                }
            }
            finally
            {
                log.Add("caller");
            }
        }

        async Task Method(string name, bool raw)
        {
            try
            {
                if (raw)
                {
                    await operation.Task;
                    log.Add($"{name} goes on");
                    return;
                }
                await Asyncio.Sleep(100);
            }
            finally
            {
                log.Add($"{name} cleans up");
            }
        }

        async Task Started()
        {
            try
            {
                await ours;
                log.Add("started method goes on");
            }
            finally
            {
                log.Add("started method cleans up");
            }
        }

        async IAsyncEnumerable<int> Numbers(bool left)
        {
            try
            {
                yield return 1;
                if (left)
                {
                    await items.Reader.ReadAsync(); // no task inside
                }
                else
                {
                    await Asyncio.Sleep(100);
                }
                yield return 2;
            }
            finally
            {
                log.Add("iterator cleans up");
            }
        }
    }

    private static async Coroutine Turns()
    {
        for (int turn = 0; turn < 20; turn++)
        {
            await Asyncio.Sleep(0);
        }
    }
}
