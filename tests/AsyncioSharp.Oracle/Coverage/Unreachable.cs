namespace AsyncioSharp.Oracle.Coverage;

/// <summary>The one place that says which rules no scenario can reach, and why. They have tests of their own.</summary>
internal static class Unreachable
{
    private const string Threads = "threads have no deterministic order";
    private const string OneLoop = "a scenario has one loop";
    private const string Static = "a question of types in C#";
    private const string Text = "texts and traces differ between the languages";
    private const string Handler = "the exception handler belongs to the interpreters";

    /// <summary>Sections as a whole, by the first part of their rules' ids.</summary>
    public static IReadOnlyDictionary<string, string> Sections { get; } = new Dictionary<string, string>
    {
        ["RUN"] = "a scenario is one run of one loop",
        ["THR"] = Threads,
        ["DBG"] = "debug mode writes logs, which are no trace",
        ["TT"] = Threads,
        ["EXE"] = Threads,
        ["RCT"] = Threads,
        ["ARUN"] = "a scenario ends by its watchdog; the end phase of run() is in set order in CPython",
        ["GEN"] = "generator-based coroutines are gone in 3.13",
        ["SEED"] = "remarks on the page, not rules",
    };

    /// <summary>Single rules.</summary>
    public static IReadOnlyDictionary<string, string> Rules { get; } = new Dictionary<string, string>
    {
        ["LOOP-05"] = "how long a loop waits shows in real time only",
        ["LOOP-07"] = "each interpreter has a clock of its own",
        ["LOOP-08"] = "every statement runs on the running loop",
        ["LOOP-09"] = "every statement runs on the running loop",
        ["LOOP-10"] = Text,
        ["LOOP-11"] = "finalizers have no deterministic time",
        ["TIM-03"] = "times are multiples of 1/8 s, far above a tick",
        ["TIM-04"] = "neither null nor NaN is a time in C#",
        ["TIM-05"] = "it shows in memory only",
        ["TIM-07"] = Text,
        ["EXC-02"] = "a fatal exception would end the interpreters",
        ["EXC-03"] = "C# has no exceptions outside its hierarchy",
        ["EXC-04"] = Handler,
        ["EXC-05"] = Handler,
        ["EXC-06"] = Handler,
        ["EXC-07"] = Handler,
        ["EXC-10"] = "the watchdog leaves no task pending",
        ["EXC-11"] = "a fatal exception would end the interpreters",
        ["CORO-04"] = "bodies return literals",
        ["CORO-05"] = Static,
        ["CORO-06"] = Static,
        ["CORO-07"] = "C# has no StopIteration",
        ["CORO-08"] = "only awaitables are awaited",
        ["FUT-06"] = "C# has no StopIteration",
        ["FUT-11"] = OneLoop,
        ["FUT-12"] = Text,
        ["FUT-13"] = Static,
        ["FUT-14"] = OneLoop,
        ["FUT-15"] = Threads,
        ["FUT-16"] = Text,
        ["TASK-02"] = Static,
        ["TASK-03"] = "every statement runs on the running loop",
        ["TASK-07"] = Static,
        ["TASK-09"] = "when CPython collects is its own; the interpreters hold all tasks",
        ["TASK-11"] = "factories are code",
        ["TASK-12"] = "an open loop always schedules",
        ["CAN-13"] = Text,
        ["INS-05"] = "cannot be provoked",
        ["INS-06"] = "coroutine objects are not traced",
        ["INS-08"] = Text,
        ["INS-09"] = Text,
        ["INS-10"] = Text,
        ["SLP-04"] = "neither null nor NaN is a time in C#",
        ["GAT-05"] = OneLoop,
        ["SHI-07"] = OneLoop,
        ["WF-14"] = OneLoop,
        ["WAIT-02"] = "AsyncioSharp complains at the call, CPython when awaited",
        ["WAIT-04"] = "there is one kind of collection",
        ["WAIT-11"] = OneLoop,
        ["CTX-05"] = Threads,
        ["CTX-07"] = "a scenario is one run of one loop",
    };
}
