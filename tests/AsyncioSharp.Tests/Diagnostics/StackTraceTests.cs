namespace AsyncioSharp.Tests.Diagnostics;

/// <summary>The stack trace of a failure shows the program's own frames, and not those of what carried it from one to the next.</summary>
public class StackTraceTests
{
    public static TheoryData<string> Ways =>
    [
        "coroutine", "value", "task", "value of a task", "future", "untyped", "method", "timeout", "timeout at once", "group", "group at once", "gather", "wait for",
    ];

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_failure_passes_through_this_library_unseen(string way)
    {
        var failure = Should.Throw<Exception>(() => Asyncio.Run(Program(way)));
        string[] frames = [.. failure.StackTrace!.Split('\n').Select(static line => line.Trim())
            .Where(static line => line.StartsWith("at AsyncioSharp.", StringComparison.Ordinal))];
        string[] known = ["at AsyncioSharp.Tests.", "at AsyncioSharp.Asyncio."];
        frames.Where(frame => !Array.Exists(known, start => frame.StartsWith(start, StringComparison.Ordinal))).ShouldBeEmpty();
        frames.ShouldContain(static frame => frame.Contains("Program"));
    }

    private static async Coroutine Program(string way)
    {
        switch (way)
        {
            case "coroutine": await Fail(); break;
            case "value": await FailWithValue(); break;
            case "task": await Asyncio.CreateTask(Fail()); break;
            case "value of a task": await Asyncio.CreateTask(FailWithValue()); break;
            case "untyped": await (IAwaitable)Asyncio.CreateTask(Fail()); break;
            case "method": await Method(); break;
            case "timeout": await Asyncio.Timeout(5).Run(static async _ => await Fail()); break;
            case "timeout at once": await Asyncio.Timeout(5).Run(static _ => throw new FormatException()); break;
            case "group at once": await new TaskGroup().Run(static _ => throw new FormatException()); break;
            case "group": await new TaskGroup().Run(static async group => group.CreateTask(Fail())); break;
            case "gather": await Asyncio.Gather(Fail(), FailWithValue()); break;
            case "wait for": await Asyncio.WaitFor(Fail(), 5); break;
            default:
                var future = Asyncio.GetRunningLoop().CreateFuture<int>();
                Asyncio.GetRunningLoop().CallSoon(() => future.SetException(new FormatException()));
                await future;
                break;
        }
    }

    private static async Task Method() => await Fail();

    private static async Coroutine Fail() => await FailWithValue();

    private static async Coroutine<int> FailWithValue()
    {
        await Asyncio.Sleep(0);
        throw new FormatException();
    }
}
