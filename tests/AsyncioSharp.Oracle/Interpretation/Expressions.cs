using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>Makes the object that an expression stands for, through the typed overloads where all operands have results, else the untyped ones.</summary>
internal sealed class Expressions(Machine machine, Bodies bodies, Primitives primitives)
{
    /// <summary>The object; null if a slot is empty or holds something of another kind.</summary>
    public object? Evaluate(JsonNode expression)
    {
        if (expression is not JsonObject x)
            return machine.TryFind<object>(expression.GetValue<string>(), out var thing) ? thing : null;
        return x.Kind() switch
        {
            "call" => bodies.Call(x),
            "sleep" => x.Has("v") ? Asyncio.Sleep(x.Number("s"), x.Value("v")) : Asyncio.Sleep(x.Number("s")),
            "future" => PlainFuture(),
            "context" => Context.Copy(),
            "lock" or "event" or "semaphore" or "condition" or "barrier" or "queue" => Primitives.Make(x),
            "acquire" or "wait_at" or "get" or "put" or "join" => primitives.Operation(x),
            "next" => machine.TryFind<Completions>(x.Text("of"), out var iterator) ? iterator.Next() : null,
            "gather" or "wait" or "as_completed" => Children(x) is { } children ? Combine(x, children) : null,
            _ => Evaluate(x.Node("of")) is IAwaitable child ? Wrap(x, child) : null,
        };
    }

    private Future<object?> PlainFuture()
    {
        var future = machine.Loop.CreateFuture();
        machine.Plain.Add(future);
        return future;
    }

    /// <summary>The operands; null as soon as one of them is none, when those before it have been made.</summary>
    private List<IAwaitable>? Children(JsonObject x)
    {
        var children = new List<IAwaitable>();
        foreach (var child in x.Array("of"))
        {
            if (Evaluate(child!) is not IAwaitable awaitable)
                return null;
            children.Add(awaitable);
        }
        return children;
    }

    private object? Combine(JsonObject x, List<IAwaitable> children)
    {
        double? timeout = x.NumberOrNull("t");
        switch (x.Kind())
        {
            case "gather" when x.Flag("outcomes"):
                return children.All(child => child is IAwaitable<object?>)
                    ? Asyncio.GatherOutcomes(children.Cast<IAwaitable<object?>>())
                    : Asyncio.GatherOutcomes(children);
            case "gather":
                return children.All(child => child is IAwaitable<object?>)
                    ? Asyncio.Gather(children.Cast<IAwaitable<object?>>())
                    : Asyncio.Gather(children);
            case "as_completed":
                return Completions.Of(children, timeout);
            default:
                var mode = x.TextOrNull("mode") switch
                {
                    "first" => ReturnWhen.FirstCompleted,
                    "exception" => ReturnWhen.FirstException,
                    _ => ReturnWhen.AllCompleted,
                };
                return children.All(child => child is Future) ? WaitFutures(children, timeout, mode)
                    : children.All(child => child is Coroutine) ? WaitCoroutines(children, timeout, mode)
                    : null;
        }
    }

    private object? Wrap(JsonObject x, IAwaitable child) => (x.Kind(), child) switch
    {
        ("shield", IAwaitable<object?> typed) => Asyncio.Shield(typed),
        ("shield", _) => Asyncio.Shield(child),
        ("ensure", IAwaitable<object?> typed) => Asyncio.EnsureFuture(typed),
        ("ensure", _) => Asyncio.EnsureFuture(child),
        ("wait_for", IAwaitable<object?> typed) => Asyncio.WaitFor(typed, x.NumberOrNull("t")),
        ("wait_for", _) => Asyncio.WaitFor(child, x.NumberOrNull("t")),
        ("task", Coroutine coroutine) => Spawn(x, coroutine),
        ("task", _) => null,
        _ => throw new FormatException($"unknown expression {x.ToJsonString()}"),
    };

    private CoroutineTask? Spawn(JsonObject x, Coroutine coroutine)
    {
        Context? context = null;
        if (x.TextOrNull("context") is { } slot && !machine.TryFind(slot, out context))
            return null;
        if (x.TextOrNull("group") is { } name)
            return machine.TryFind<TaskGroup>(name, out var group) ? SpawnIn(group, x, coroutine, context) : null;
        return coroutine is Coroutine<object?> typed
            ? Asyncio.CreateTask(typed, x.TextOrNull("name"), context)
            : Asyncio.CreateTask(coroutine, x.TextOrNull("name"), context);
    }

    private static CoroutineTask SpawnIn(TaskGroup group, JsonObject x, Coroutine coroutine, Context? context) => coroutine is Coroutine<object?> typed
        ? group.CreateTask(typed, x.TextOrNull("name"), context)
        : group.CreateTask(coroutine, x.TextOrNull("name"), context);

    private async Coroutine<object?> WaitFutures(List<IAwaitable> children, double? timeout, ReturnWhen mode)
    {
        var (done, pending) = await Asyncio.Wait(children.Cast<Future>(), timeout, mode);
        return Sets(done, pending);
    }

    private async Coroutine<object?> WaitCoroutines(List<IAwaitable> children, double? timeout, ReturnWhen mode)
    {
        var (done, pending) = await Asyncio.Wait(children.Cast<Coroutine>(), timeout, mode);
        return Sets(done, pending);
    }

    private string Sets(HashSet<Future> done, HashSet<Future> pending)
        => $"done {Texts.Of(done.Select(machine.Label).Order(StringComparer.Ordinal))} pending {Texts.Of(pending.Select(machine.Label).Order(StringComparer.Ordinal))}";
}
