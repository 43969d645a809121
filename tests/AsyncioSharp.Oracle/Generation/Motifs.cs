using System.Text.Json.Nodes;
using static AsyncioSharp.Oracle.Generation.Nodes;

namespace AsyncioSharp.Oracle.Generation;

/// <summary>
/// Small programs around one question, which a random walk alone would seldom write: several waiters of one future, an iteration that is
/// consumed to its end, a coroutine that resists its cancellation, a completion at the very moment of a timeout, a variable that is read elsewhere.
/// The generator puts them between its other statements, so that they meet all the rest.
/// </summary>
internal static class Motifs
{
    private delegate JsonArray Motif(SplitMix random, Func<char, string> name);

    private static readonly Motif[] All =
    [
        Waiters, Iteration, Handover, Resistance, Race, Variable, SharedContext, Hurry, Repeatedly, Callbacks, Ring, Shields, Nests, Nothing, Oneself, Twice, Requests, Late,
        BorderMotifs.Deadline, BorderMotifs.Past, BorderMotifs.Children, BorderMotifs.Captured,
    ];

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
            Let(consumer, Task(name, [Await(Sleep(random.Pick([0, 0, 2])), false), Repeat(3, [Try([Await(new JsonObject { ["x"] = "next", ["of"] = iterator }, true)])])])),
            random.Chance(50) ? Let(name('t'), Task(name, [Await(new JsonObject { ["x"] = "next", ["of"] = iterator }, true)])) : Soon(name),
            random.Chance(40) ? Later(name, random.Pick([0.5, 1]), Cancel(random, consumer)) : Soon(name),
        ];
    }

    /// <summary>Two tasks wait for the outcomes of an as_completed; the one that is woken for the first is cancelled before it runs, so that the other must take it.</summary>
    private static JsonArray Handover(SplitMix random, Func<char, string> name)
    {
        var (future, iterator, first) = (name('f'), name('i'), name('t'));
        JsonObject Take() => Try([Await(new JsonObject { ["x"] = "next", ["of"] = iterator }, true)]);
        return
        [
            Let(future, new JsonObject { ["x"] = "future" }),
            Let(iterator, new JsonObject { ["x"] = "as_completed", ["of"] = new JsonArray(future, Sleep(2, 1)) }),
            Let(first, Task(name, [Take()])),
            Let(name('t'), Task(name, [Take()])),
            Await(Sleep(random.Pick([0, 0.5])), false),
            End(random, future),
            Soon(name, Cancel(random, first)),
        ];
    }

    /// <summary>Something waits for a coroutine that swallows its cancellation, and is cancelled once or twice.</summary>
    private static JsonArray Resistance(SplitMix random, Func<char, string> name)
    {
        var outer = name('t');
        var stubborn = Call(name, [Try([Await(Sleep(2), true)], random.Pick(["cancelled", "cancelled", "error"]), [Await(Sleep(random.Pick([0, 1])), false)])], 1);
        stubborn["guard"] = true;
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
            block.Add(Later(
                name,
                random.Pick([0.5, 1]),
                random.Chance(50) ? End(random, future) : Cancel(random, waiter),
                random.Chance(50) ? Cancel(random, random.Pick([waiter, future])) : End(random, future)));
        return block;
    }

    /// <summary>A task is shielded from the cancellation or the timeout of what waits for it, and ends later.</summary>
    private static JsonArray Shields(SplitMix random, Func<char, string> name)
    {
        var (inner, outer) = (name('t'), name('t'));
        var body = new JsonObject
        {
            ["x"] = "call",
            ["id"] = name('b'),
            ["do"] = new JsonArray(
                Await(Sleep(1), true),
                random.Chance(60)
                    ? new JsonObject { ["op"] = "raise", ["e"] = "boom", ["msg"] = $"m{random.Next(100)}" }
                    : new JsonObject { ["op"] = "mark", ["v"] = 1 }),
            ["guard"] = true,
        };
        var shield = new JsonObject { ["x"] = "shield", ["of"] = inner };
        JsonObject around = random.Next(3) switch
        {
            0 => new() { ["x"] = "gather", ["of"] = new JsonArray(shield, Sleep(2, 1)) },
            1 => new() { ["x"] = "wait_for", ["of"] = shield, ["t"] = 0.5 },
            _ => shield,
        };
        return
        [
            Let(inner, new JsonObject { ["x"] = "task", ["of"] = body }),
            Let(outer, Task(name, [Try([Await(around, true)])])),
            Await(Sleep(0), false),
            random.Chance(60) ? Cancel(random, outer) : Later(name, random.Pick([0.5, 1]), Cancel(random, random.Pick([inner, outer]))),
        ];
    }

    /// <summary>A gather in a gather is cancelled, or the task that awaits it.</summary>
    private static JsonArray Nests(SplitMix random, Func<char, string> name)
    {
        JsonObject Child() => Call(name, [Try([Await(Sleep(1), true)], random.Pick(["any", "boom"]))], random.Next(100));
        JsonObject Gather(params JsonNode[] children)
        {
            var gather = new JsonObject { ["x"] = "gather", ["of"] = new JsonArray(children) };
            if (random.Chance(40))
                gather["outcomes"] = true;
            return gather;
        }

        var (outer, waiter) = (name('g'), name('t'));
        return
        [
            Let(outer, Gather(Gather(Child(), Sleep(2, 1)), Child())),
            Let(waiter, Task(name, [Try([Await(outer, true)])])),
            Await(Sleep(random.Pick([0, 0.5])), false),
            Cancel(random, random.Pick([outer, waiter])),
        ];
    }

    /// <summary>Combinators without operands.</summary>
    private static JsonArray Nothing(SplitMix random, Func<char, string> name)
    {
        var (gather, iterator) = (name('g'), name('i'));
        return
        [
            Let(gather, new JsonObject { ["x"] = "gather", ["of"] = new JsonArray() }),
            Let(iterator, new JsonObject { ["x"] = "as_completed", ["of"] = new JsonArray(), ["t"] = random.Pick([0, 1]) }),
            random.Chance(50) ? Cancel(random, gather) : Await(gather, true),
            random.Chance(50) ? new JsonObject { ["op"] = "each", ["of"] = iterator } : Await(new JsonObject { ["x"] = "next", ["of"] = iterator }, true),
        ];
    }

    /// <summary>A task waits for itself, directly or through something; another one waits for it.</summary>
    private static JsonArray Oneself(SplitMix random, Func<char, string> name)
    {
        var task = name('t');
        JsonNode itself = random.Next(4) switch
        {
            0 => new JsonObject { ["x"] = "wait_for", ["of"] = task, ["t"] = 1 },
            1 => new JsonObject { ["x"] = "gather", ["of"] = new JsonArray(task, Sleep(1, 1)) },
            2 => new JsonObject { ["x"] = "shield", ["of"] = task },
            _ => task,
        };
        JsonArray block = [Let(task, Task(name, [Try([Await(itself, true)], random.Pick(["any", "boom"]))]))];
        if (random.Chance(50))
            block.Add(Let(name('t'), Task(name, [Try([Await(task, true)])])));
        return block;
    }

    /// <summary>A variable is set, and read by callee, task and callbacks.</summary>
    private static JsonArray Variable(SplitMix random, Func<char, string> name)
    {
        var (future, token) = (name('f'), name('k'));
        JsonObject Read() => new() { ["op"] = "get_var", ["var"] = "u" };
        JsonObject Write() => new() { ["op"] = "set_var", ["var"] = "u", ["v"] = random.Next(100), ["token"] = name('k') };
        return
        [
            new JsonObject { ["op"] = "set_var", ["var"] = "u", ["v"] = random.Next(100), ["token"] = token },
            Let(future, new JsonObject { ["x"] = "future" }),
            new JsonObject { ["op"] = "add_callback", ["of"] = future, ["cb"] = name('d'), ["do"] = new JsonArray(Read(), Write()) },
            new JsonObject { ["op"] = "call_soon", ["cb"] = name('d'), ["do"] = new JsonArray(Read(), Write()) },
            Let(name('t'), Task(name, [Read(), Write()])),
            Await(Call(name, [Read(), Write()], 1), false),
            Read(),
            End(random, future),
            Repeat(1 + random.Next(2), [new JsonObject { ["op"] = "reset_var", ["token"] = token }, Read()]),
        ];
    }

    /// <summary>A task and callbacks share a context, which differs from that of those who made them.</summary>
    private static JsonArray SharedContext(SplitMix random, Func<char, string> name)
    {
        var context = name('x');
        JsonObject Read() => new() { ["op"] = "get_var", ["var"] = "u" };
        JsonObject Write() => new() { ["op"] = "set_var", ["var"] = "u", ["v"] = random.Next(100) };
        JsonObject In(JsonObject node)
        {
            node["context"] = context;
            return node;
        }

        return
        [
            Write(),
            Let(context, new JsonObject { ["x"] = "context" }),
            Write(),
            Let(name('t'), In(Task(name, [Read(), Write(), Await(Sleep(random.Pick([0, 0.5])), false), Read()]))),
            In(Soon(name, Read(), Write())),
            In(Later(name, 0.5, Read())),
            Read(),
        ];
    }

    /// <summary>A function is a done callback several times, beside another; all of its registrations are removed, before or after the completion.</summary>
    private static JsonArray Callbacks(SplitMix random, Func<char, string> name)
    {
        var (future, often, once) = (name('f'), name('d'), name('d'));
        JsonObject Add(string callback) => new() { ["op"] = "add_callback", ["of"] = future, ["cb"] = callback, ["do"] = new JsonArray() };
        JsonObject Remove(string callback) => new() { ["op"] = "remove_callback", ["of"] = future, ["cb"] = callback };
        var end = End(random, future);
        JsonArray block = [Let(future, new JsonObject { ["x"] = "future" }), Add(often), Add(once), Add(often)];
        foreach (var statement in random.Chance(70) ? new[] { Remove(often), end } : [end, Remove(often)])
            block.Add(statement);
        return block;
    }

    /// <summary>Tasks wait for each other in a ring, which is cancelled.</summary>
    private static JsonArray Ring(SplitMix random, Func<char, string> name)
    {
        var (first, second) = (name('t'), name('t'));
        JsonNode awaited = random.Chance(60) ? first : new JsonObject { ["x"] = "gather", ["of"] = new JsonArray(first, Sleep(1, 1)) };
        return
        [
            Let(first, Task(name, [Try([Await(second, true)]), Await(Sleep(0), false)])),
            Let(second, Task(name, [Await(awaited, true)])),
            Await(Sleep(0), false),
            Cancel(random, random.Pick([first, second])),
            random.Chance(40) ? Cancel(random, first) : Soon(name),
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

    /// <summary>One coroutine object is given twice: to a combinator, which runs it once, or to two that would run it.</summary>
    private static JsonArray Twice(SplitMix random, Func<char, string> name)
    {
        var (coroutine, iterator) = (name('c'), name('i'));
        var block = new JsonArray(Let(coroutine, Call(name, [Await(Sleep(random.Pick([0, 1])), true)], random.Next(100))));
        JsonObject Several(string kind) => new() { ["x"] = kind, ["of"] = new JsonArray(coroutine, coroutine) };
        switch (random.Next(4))
        {
            case 0:
                block.Add(Try([Await(Several("gather"), true)]));
                break;
            case 1:
                block.Add(Try([Await(Several("wait"), true)]));
                break;
            case 2:
                block.Add(Let(iterator, Several("as_completed")));
                block.Add(Repeat(2, [Try([Await(new JsonObject { ["x"] = "next", ["of"] = iterator }, true)])]));
                break;
            default:
                block.Add(Let(name('t'), new JsonObject { ["x"] = "task", ["of"] = coroutine }));
                block.Add(Await(Sleep(0), false));
                block.Add(random.Chance(50) ? Let(name('t'), new JsonObject { ["x"] = "task", ["of"] = coroutine }) : Try([Await(coroutine, true)]));
                break;
        }
        return block;
    }

    /// <summary>Requests are made and taken back, before the task begins or by the task itself; some are left or none.</summary>
    private static JsonArray Requests(SplitMix random, Func<char, string> name)
    {
        var task = name('t');
        JsonArray Some(string of)
        {
            JsonArray block = [Cancel(random, of)];
            for (int i = 1 + random.Next(3); i > 0; i--)
                block.Add(random.Chance(40) ? Cancel(random, of) : new JsonObject { ["op"] = "uncancel", ["of"] = of });
            block.Add(new JsonObject { ["op"] = "cancelling", ["of"] = of });
            return block;
        }

        bool own = random.Chance(50);
        JsonArray body = own ? Some("self") : [];
        body.Add(Await(Sleep(random.Pick([0, 1])), true));
        JsonArray around = [Let(task, Task(name, body))];
        if (!own)
        {
            if (random.Chance(50))
                around.Add(Await(Sleep(0), false));
            foreach (var statement in Some(task))
                around.Add(statement!.DeepClone());
        }
        return around;
    }

    /// <summary>Two futures are waited for; one of them ends, and what becomes of the other, or of both, comes when the wait is over.</summary>
    private static JsonArray Late(SplitMix random, Func<char, string> name)
    {
        var (first, second, waiter) = (name('f'), name('f'), name('t'));
        var wait = new JsonObject { ["x"] = "wait", ["of"] = new JsonArray(first, second), ["t"] = 1, ["mode"] = random.Pick(["all", "first", "exception", "exception"]) };
        return
        [
            Let(first, new JsonObject { ["x"] = "future" }),
            Let(second, new JsonObject { ["x"] = "future" }),
            Let(waiter, Task(name, [Try([Await(wait, true)])])),
            Later(name, 0.5, random.Next(3) switch { 0 => Cancel(random, first), 1 => Cancel(random, waiter), _ => End(random, first) }),
            Later(name, random.Pick([1, 1.5]), End(random, second), End(random, first)),
        ];
    }
}
