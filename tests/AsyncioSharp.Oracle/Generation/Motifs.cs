using System.Text.Json.Nodes;

namespace AsyncioSharp.Oracle.Generation;

/// <summary>
/// Small programs around one question, which a random walk alone would seldom write: several waiters of one future, an iteration that is
/// consumed to its end, a coroutine that resists its cancellation, a completion at the very moment of a timeout, a variable that is read elsewhere.
/// The generator puts them between its other statements, so that they meet all the rest.
/// </summary>
internal static class Motifs
{
    private delegate JsonArray Motif(SplitMix random, Func<char, string> name);

    private static readonly Motif[] All = [Waiters, Iteration, Resistance, Race, Variable, Hurry, Repeatedly];

    /// <summary>The statements of one of them.</summary>
    /// <param name="random">The generator's numbers.</param>
    /// <param name="name">Gives a new slot or id of a kind.</param>
    public static JsonArray Draw(SplitMix random, Func<char, string> name) => random.Pick(All)(random, name);

    /// <summary>Two tasks wait for one future, with a done callback between other callbacks; it is completed, or they are cancelled.</summary>
    private static JsonArray Waiters(SplitMix random, Func<char, string> name)
    {
        var future = name('f');
        var first = name('t');
        return
        [
            Let(future, new JsonObject { ["x"] = "future" }),
            Let(first, Task(name, [Await(future, true)])),
            Let(name('t'), Task(name, [Await(future, false), Await(Sleep(0), false)])),
            Await(Sleep(0), false),
            new JsonObject { ["op"] = "add_callback", ["of"] = future, ["cb"] = name('d'), ["do"] = new JsonArray() },
            Soon(name),
            End(random, future),
            Soon(name),
            random.Chance(50) ? Cancel(random, first) : new JsonObject { ["op"] = "state", ["of"] = future },
        ];
    }

    /// <summary>An as_completed that one or two tasks consume; a timeout or a cancellation may come between.</summary>
    private static JsonArray Iteration(SplitMix random, Func<char, string> name)
    {
        var iterator = name('i');
        var consumer = name('t');
        var iteration = new JsonObject { ["x"] = "as_completed", ["of"] = new JsonArray(Sleep(1, 1), Sleep(random.Pick([0.5, 2]), 2), Call(name, [Await(Sleep(0), false)], 3)) };
        if (random.Chance(50))
            iteration["t"] = random.Pick([0, 0.5, 1, 1.5]);
        return
        [
            Let(iterator, iteration),
            Let(consumer, Task(name, [Repeat(3, [Try([Await(new JsonObject { ["x"] = "next", ["of"] = iterator }, true)])])])),
            random.Chance(50) ? Let(name('t'), Task(name, [Await(new JsonObject { ["x"] = "next", ["of"] = iterator }, true)])) : Soon(name),
            random.Chance(40) ? Later(name, random.Pick([0.5, 1]), Cancel(random, consumer)) : Soon(name),
        ];
    }

    /// <summary>Something waits for a coroutine that swallows its cancellation, and is cancelled once or twice.</summary>
    private static JsonArray Resistance(SplitMix random, Func<char, string> name)
    {
        var outer = name('t');
        var stubborn = Call(name, [Try([Await(Sleep(2), true)], "cancelled", [Await(Sleep(random.Pick([0, 1])), false)])], 1);
        JsonNode around = random.Next(4) switch
        {
            0 => new JsonObject { ["x"] = "wait_for", ["of"] = stubborn, ["t"] = random.Pick([1, 1.5, 5]) },
            1 => new JsonObject { ["x"] = "gather", ["of"] = new JsonArray(stubborn, Sleep(1, 2)) },
            2 => new JsonObject { ["x"] = "gather", ["of"] = new JsonArray(Sleep(1, 2), stubborn), ["outcomes"] = true },
            _ => new JsonObject { ["x"] = "shield", ["of"] = stubborn },
        };
        var block = new JsonArray(Let(outer, Task(name, [Try([Await(around, true)])])), Await(Sleep(random.Pick([0, 0.5])), false));
        for (int i = random.Next(3); i > 0; i--)
        {
            block.Add(Cancel(random, outer));
            block.Add(Await(Sleep(random.Pick([0, 0.5])), false));
        }
        return block;
    }

    /// <summary>Completion, cancellation and timeout of one wait, at or near the same moment.</summary>
    private static JsonArray Race(SplitMix random, Func<char, string> name)
    {
        var (future, waiter) = (name('f'), name('t'));
        var wait = random.Chance(70)
            ? new JsonObject { ["x"] = "wait_for", ["of"] = future, ["t"] = 1 }
            : new JsonObject { ["x"] = "wait", ["of"] = new JsonArray(future), ["t"] = 1 };
        var block = new JsonArray(Let(future, new JsonObject { ["x"] = "future" }), Let(waiter, Task(name, [Try([Await(wait, true)])])), Await(Sleep(0), false));
        for (int i = 1 + random.Next(2); i > 0; i--)
            block.Add(Later(name, random.Pick([0.5, 1]), random.Chance(50) ? End(random, future) : Cancel(random, waiter), random.Chance(50) ? Cancel(random, waiter) : End(random, future)));
        return block;
    }

    /// <summary>A variable is set, and read by callee, task and callbacks.</summary>
    private static JsonArray Variable(SplitMix random, Func<char, string> name)
    {
        var future = name('f');
        JsonObject Read() => new() { ["op"] = "get_var", ["var"] = "u" };
        JsonObject Write() => new() { ["op"] = "set_var", ["var"] = "u", ["v"] = random.Next(100), ["token"] = name('k') };
        return
        [
            Write(),
            Let(future, new JsonObject { ["x"] = "future" }),
            new JsonObject { ["op"] = "add_callback", ["of"] = future, ["cb"] = name('d'), ["do"] = new JsonArray(Read(), Write()) },
            new JsonObject { ["op"] = "call_soon", ["cb"] = name('d'), ["do"] = new JsonArray(Read(), Write()) },
            Let(name('t'), Task(name, [Read(), Write()])),
            Await(Call(name, [Read(), Write()], 1), false),
            Read(),
            End(random, future),
        ];
    }

    /// <summary>A done future, a zero timer and a callback, all in one iteration.</summary>
    private static JsonArray Hurry(SplitMix random, Func<char, string> name)
    {
        var (future, coroutine) = (name('f'), name('c'));
        return
        [
            Let(future, new JsonObject { ["x"] = "future" }),
            new JsonObject { ["op"] = "call_later", ["cb"] = name('d'), ["s"] = 0, ["do"] = new JsonArray() },
            Soon(name),
            End(random, future),
            Let(coroutine, Call(name, [Try([Await(future, true)])], 1)),
            Await(coroutine, false),
            random.Chance(30) ? Try([Await(coroutine, true)]) : new JsonObject { ["op"] = "tasks" },
        ];
    }

    /// <summary>One gather, task or future is awaited several times.</summary>
    private static JsonArray Repeatedly(SplitMix random, Func<char, string> name)
    {
        var slot = name('g');
        JsonObject made = random.Chance(60) ? new JsonObject { ["x"] = "gather", ["of"] = new JsonArray(Sleep(0, 1), Sleep(1, 2)) } : Task(name, [Await(Sleep(0), false)]);
        return [Let(slot, made), Repeat(2, [Try([Await(slot, true)])]), new JsonObject { ["op"] = "exception", ["of"] = slot }];
    }

    private static JsonObject Let(string slot, JsonNode be) => new() { ["op"] = "let", ["slot"] = slot, ["be"] = be };

    private static JsonObject Await(JsonNode of, bool see) => see ? new() { ["op"] = "await", ["of"] = of, ["see"] = true } : new() { ["op"] = "await", ["of"] = of };

    private static JsonObject Sleep(double seconds, int? value = null) => value is null ? new() { ["x"] = "sleep", ["s"] = seconds } : new() { ["x"] = "sleep", ["s"] = seconds, ["v"] = value };

    private static JsonObject Call(Func<char, string> name, JsonArray block, int result)
    {
        block.Add(new JsonObject { ["op"] = "return", ["v"] = result });
        return new() { ["x"] = "call", ["id"] = name('b'), ["do"] = block };
    }

    private static JsonObject Task(Func<char, string> name, JsonArray block) => new() { ["x"] = "task", ["of"] = new JsonObject { ["x"] = "call", ["id"] = name('b'), ["do"] = block } };

    private static JsonObject Try(JsonArray block, string on = "any", JsonArray? handle = null) => new() { ["op"] = "try", ["do"] = block, ["on"] = on, ["handle"] = handle ?? [] };

    private static JsonObject Repeat(int times, JsonArray block) => new() { ["op"] = "repeat", ["times"] = times, ["do"] = block };

    private static JsonObject Soon(Func<char, string> name) => new() { ["op"] = "call_soon", ["cb"] = name('d'), ["do"] = new JsonArray() };

    private static JsonObject Later(Func<char, string> name, double seconds, params JsonObject[] block)
        => new() { ["op"] = "call_later", ["cb"] = name('d'), ["s"] = seconds, ["do"] = new JsonArray([.. block]) };

    private static JsonObject Cancel(SplitMix random, string slot) => new() { ["op"] = "cancel", ["of"] = slot, ["msg"] = random.Pick(["a", "b"]) };

    private static JsonObject End(SplitMix random, string future) => random.Chance(60)
        ? new() { ["op"] = "set_result", ["of"] = future, ["v"] = random.Next(100) }
        : new() { ["op"] = "set_exception", ["of"] = future, ["e"] = "boom", ["msg"] = $"m{random.Next(100)}" };
}
