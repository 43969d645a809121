using System.Text.Json.Nodes;
using static AsyncioSharp.Oracle.Generation.Nodes;

namespace AsyncioSharp.Oracle.Generation;

/// <summary>
/// The <see cref="Motifs"/> about the borders of time and context: a completion in the iteration of a deadline, times that are over, and whose variables
/// callbacks and the tasks that combinators make see.
/// </summary>
internal static class BorderMotifs
{
    /// <summary>What a wait_for waits for completes in the iteration in which its timer fires, before it or after.</summary>
    public static JsonArray Deadline(SplitMix random, Func<char, string> name)
    {
        var (future, inner, waiter) = (name('f'), name('t'), name('t'));
        bool chained = random.Chance(30);
        var wait = new JsonObject { ["x"] = "wait_for", ["of"] = chained ? inner : future, ["t"] = 1 };
        var completion = Later(name, 1, End(random, future));
        var waiting = Let(waiter, Task(name, [Try([Await(wait, true)])]));
        JsonArray block = [Let(future, new JsonObject { ["x"] = "future" })];
        if (chained)
            block.Add(Let(inner, Task(name, [Await(future, true)])));
        foreach (var statement in random.Chance(50) ? new[] { completion, waiting } : [waiting, Await(Sleep(0), false), completion])
            block.Add(statement);
        return block;
    }

    /// <summary>A timer, a wait or an iteration whose time was over before it began.</summary>
    public static JsonArray Past(SplitMix random, Func<char, string> name)
    {
        var (future, iterator) = (name('f'), name('i'));
        switch (random.Next(3))
        {
            case 0:
                return [Later(name, 0), Later(name, random.Pick([-0.5, -1])), At(name, -2), Soon(name)];
            case 1:
                var wait = new JsonObject { ["x"] = "wait", ["of"] = new JsonArray(future), ["t"] = -1 };
                return [Let(future, new JsonObject { ["x"] = "future" }), Soon(name, End(random, future)), Let(name('t'), Task(name, [Await(wait, true)]))];
            default:
                var iteration = new JsonObject { ["x"] = "as_completed", ["of"] = new JsonArray(future, Sleep(1, 1)), ["t"] = random.Pick([-1, 0]) };
                return
                [
                    Let(future, new JsonObject { ["x"] = "future" }),
                    random.Chance(50) ? End(random, future) : Soon(name),
                    Let(iterator, iteration),
                    Repeat(2, [Try([Await(new JsonObject { ["x"] = "next", ["of"] = iterator }, true)])]),
                ];
        }
    }

    /// <summary>A coroutine that a combinator makes a task of sees the variables of the caller, who does not see what it sets.</summary>
    public static JsonArray Children(SplitMix random, Func<char, string> name)
    {
        var iterator = name('i');
        var child = Call(name, [Read(), Write(random), Await(Sleep(0), false), Read()], 1);
        JsonNode awaited = random.Next(6) switch
        {
            0 => new JsonObject { ["x"] = "gather", ["of"] = new JsonArray(child, Sleep(1, 1)) },
            1 => new JsonObject { ["x"] = "shield", ["of"] = child },
            2 => new JsonObject { ["x"] = "ensure", ["of"] = child },
            3 => new JsonObject { ["x"] = "wait_for", ["of"] = child, ["t"] = 1 },
            4 => new JsonObject { ["x"] = "wait", ["of"] = new JsonArray(child) },
            _ => new JsonObject { ["x"] = "as_completed", ["of"] = new JsonArray(child) },
        };
        JsonArray block = [Write(random)];
        if (awaited["x"]!.GetValue<string>() == "as_completed")
        {
            block.Add(Let(iterator, awaited));
            awaited = new JsonObject { ["x"] = "next", ["of"] = iterator };
        }
        block.Add(Await(awaited, random.Chance(50)));
        block.Add(Read());
        return block;
    }

    /// <summary>Callbacks of every kind see the variables of the moment at which they were registered, or those of the context that was given.</summary>
    public static JsonArray Captured(SplitMix random, Func<char, string> name)
    {
        var (future, context) = (name('f'), name('x'));
        JsonObject Maybe(JsonObject node)
        {
            if (random.Chance(50))
                node["context"] = context;
            return node;
        }

        return
        [
            Write(random),
            Let(context, new JsonObject { ["x"] = "context" }),
            Write(random),
            Let(future, new JsonObject { ["x"] = "future" }),
            Maybe(new JsonObject { ["op"] = "add_callback", ["of"] = future, ["cb"] = name('d'), ["do"] = new JsonArray(Read(), Write(random)) }),
            Maybe(Soon(name, Read())),
            Maybe(Later(name, random.Pick([0, 0.5]), Read())),
            Maybe(At(name, random.Pick([0, 1]), Read())),
            Write(random),
            End(random, future),
            Read(),
        ];
    }

    private static JsonObject Read() => new() { ["op"] = "get_var", ["var"] = "u" };

    private static JsonObject Write(SplitMix random) => new() { ["op"] = "set_var", ["var"] = "u", ["v"] = 100 + random.Next(1000) };

    private static JsonObject At(Func<char, string> name, double when, params JsonObject[] block)
        => new() { ["op"] = "call_at", ["cb"] = name('d'), ["s"] = when, ["do"] = new JsonArray([.. block]) };
}
