using System.Text.Json.Nodes;

namespace AsyncioSharp.Oracle.Generation;

/// <summary>
/// Makes a scenario from a seed. It is a random walk over the grammar, with <see cref="Motifs"/> in between, that remembers which slots there are, so that
/// most references mean something; some are left dangling, and what a statement does then is compared too. Times are few and small, so that many things happen at once.
/// </summary>
public sealed class Generator
{
    private const int MostDepth = 4;

    private static readonly double[] Times = [0.5, 1, 1, 1, 1.5, 2, 2, 3];
    private static readonly double[] Over = [0, 0, -0.5, -1];
    private static readonly string[] Errors = ["boom", "boom", "boom", "boom", "cancelled", "timeout"];
    private static readonly string[] Catches = ["any", "any", "cancelled", "cancelled", "error", "boom", "timeout"];
    private static readonly string[] Modes = ["all", "first", "exception"];
    private static readonly string[] Messages = ["a", "b", "c"];
    private static readonly string[] Variables = ["u", "v"];

    private readonly SplitMix _random;
    private readonly Weights _weights;
    private readonly Dictionary<char, List<string>> _slots = [];
    private readonly PrimitiveNodes _primitives;
    private readonly string _letters = "";     // of the primitives that the scenario is about
    private readonly string _cancelled;        // letters of what is cancelled
    private readonly List<string> _crowd = []; // tasks that are about the same primitives, and cancel each other
    private readonly int _messages;            // how many of a hundred cancellations have one; where groups deliver them again, none: CPython loses them then
    private int _budget;
    private int _numbers;

    private Generator(ulong seed, bool isModern)
    {
        _random = new SplitMix(seed);
        _primitives = new PrimitiveNodes(_random, Slot, Number);
        _weights = isModern ? Weights.DrawModern(_random, out _letters) : Weights.Draw(_random);
        _messages = isModern ? 0 : 70;
        _cancelled = _letters.Length > 0 ? "tttttm" : "tttttfggm";
        _budget = 6 + _random.Next(34);
    }

    /// <summary>The scenario of a seed: always the same.</summary>
    /// <param name="seed">Any number.</param>
    /// <returns>A scenario that the grammar allows.</returns>
    public static JsonObject Scenario(ulong seed) => new Generator(seed, isModern: false).Main();

    /// <summary>The same for what only CPython 3.13 and later have: primitives, queues, limits of time and groups.</summary>
    /// <param name="seed">Any number.</param>
    /// <returns>A scenario that the grammar allows.</returns>
    public static JsonObject Modern(ulong seed) => new Generator(seed, isModern: true).ModernMain();

    private JsonObject Main()
    {
        var block = new JsonArray();
        for (int i = _random.Next(3); i > 0; i--)
            block.Add(Statement("future", new Place(0)));
        for (int i = 1 + _random.Next(3); i > 0; i--)
            block.Add(Statement("task", new Place(0)));
        while (_budget > 0)
        {
            if (_random.Chance(11))
                AddMotif(block);
            else
                block.Add(AnyStatement(new Place(0)));
        }
        return new JsonObject { ["main"] = block };
    }

    private JsonObject ModernMain()
    {
        var block = new JsonArray();
        foreach (char letter in _letters)
        {
            for (int i = 1 + _random.Next(2); i > 0; i--)
                block.Add(Let(letter, _primitives.Make(letter)));
        }
        if (_letters.Length > 0 && _random.Chance(75))
        {
            for (int i = 3 + _random.Next(3); i > 0; i--)
                _crowd.Add(New('t'));
            foreach (var name in _crowd)
                block.Add(Nodes.Let(name, Nodes.Task(New, Crowd(new Place(1)))));
            return new JsonObject { ["main"] = block };
        }
        for (int i = 2 + _random.Next(4); i > 0; i--)
        {
            _budget = 4 + _random.Next(8); // for each, so that several do something
            block.Add(Let('t', Task(new Place(0))));
        }
        for (_budget = _random.Next(6); _budget > 0;)
            block.Add(AnyStatement(new Place(0)));
        return new JsonObject { ["main"] = block };
    }

    /// <summary>Statements of one of several tasks that are about the same few primitives, give others their turn and cancel each other.</summary>
    private JsonArray Crowd(Place place)
    {
        var block = new JsonArray();
        for (int i = 2 + _random.Next(4); i > 0; i--)
            block.Add(OfCrowd(place));
        return block;
    }

    private JsonObject OfCrowd(Place place) => _random.Next(place.Depth < MostDepth ? 13 : 10) switch
    {
        < 5 => AboutPrimitive(place),
        < 8 => Nodes.Await(Nodes.Sleep(_random.Chance(75) ? 0 : Time()), see: false),
        < 10 => new JsonObject { ["op"] = "cancel", ["of"] = _random.Pick(_crowd) },
        10 => Scope(place),
        11 => Statement("raise", place),
        _ => AnyStatement(place),
    };

    private JsonObject AboutPrimitive(Place place)
    {
        var kind = _random.Weighted(PrimitiveNodes.WeightsOf([.. PrimitiveNodes.Statements, .. PrimitiveNodes.Operations], _letters));
        return kind == "with" && place.Depth < MostDepth ? Hold(place, Crowd)
            : PrimitiveNodes.Operations.Any(one => one.Kind == kind) ? Nodes.Await(Expression(kind, place), _random.Chance(60))
            : Statement(kind, place);
    }

    private JsonObject Scope(Place place) => _random.Chance(50)
        ? new JsonObject { ["op"] = "limit", ["t"] = Timeout(), ["slot"] = New('p'), ["do"] = Crowd(place.Deeper()) }
        : Group(place, inside => Nodes.Task(New, Crowd(inside)), Crowd);

    private void AddMotif(JsonArray block)
    {
        _budget -= 6;
        foreach (var statement in Motifs.Draw(_random, New))
            block.Add(statement!.DeepClone());
    }

    private JsonArray Block(Place place, int most = 4)
    {
        var block = new JsonArray();
        for (int i = 1 + _random.Next(most); i > 0 && (_budget > 0 || block.Count == 0); i--)
        {
            var statement = AnyStatement(place);
            block.Add(statement);
            if (statement["op"]!.GetValue<string>() is "return" or "raise" or "break")
                break;
        }
        return block;
    }

    private JsonObject AnyStatement(Place place)
    {
        _budget--;
        while (true)
        {
            var kind = _random.Weighted(_weights.Statements);
            bool deep = place.Depth >= MostDepth && kind is "task" or "try" or "repeat" or "with" or "limit" or "group";
            bool waits = kind is "await" or "each" or "return" or "with" or "limit" or "group";
            if (!deep && !(waits && place.IsCallback)
                && !(kind == "return" && !place.MayReturn) && !(kind == "break" && !place.MayBreak)
                && !(kind is "return" or "raise" && place.Depth == 0))
                return Statement(kind, place);
        }
    }

    private JsonObject Statement(string kind, Place place) => kind switch
    {
        "await" => Await(place),
        "task" => Let('t', Task(place)),
        "future" => Let('f', new JsonObject { ["x"] = "future" }),
        "combine" => Let('g', Expression(_random.Pick(["gather", "gather", "shield", "ensure"]), place)),
        "coroutine" => Let('c', Expression(_random.Pick(["call", "call", "wait_for", "wait"]), place)),
        "completions" => Let('i', With(new JsonObject { ["x"] = "as_completed", ["of"] = Several(place) }, "t", 30, () => _random.Chance(20) ? _random.Pick(Over) : Time())),
        "each" => Each(place),
        "break" or "tasks" or "current" => new JsonObject { ["op"] = kind },
        "context" => Let('x', new JsonObject { ["x"] = "context" }),
        "cancel" => With(new JsonObject { ["op"] = kind, ["of"] = _random.Chance(20) ? "self" : Slot(_cancelled) }, "msg", _messages, () => _random.Pick(Messages)),
        "uncancel" or "cancelling" or "name" => new JsonObject { ["op"] = kind, ["of"] = _random.Chance(50) ? "self" : Slot("t") },
        "set_name" => new JsonObject { ["op"] = kind, ["of"] = _random.Chance(50) ? "self" : Slot("t"), ["v"] = New('n') },
        "set_result" => new JsonObject { ["op"] = kind, ["of"] = Slot("f"), ["v"] = Number() },
        "set_exception" => Error(new JsonObject { ["op"] = kind, ["of"] = Slot("f") }),
        "raise" => Error(new JsonObject { ["op"] = kind }),
        "state" or "result" or "exception" => new JsonObject { ["op"] = kind, ["of"] = Slot("tttffgg") },
        "try" => Try(place),
        "repeat" => new JsonObject { ["op"] = kind, ["times"] = 2 + _random.Next(3), ["do"] = Block(place.Loop(), 2) },
        "return" => new JsonObject { ["op"] = kind, ["v"] = Number() },
        "mark" => new JsonObject { ["op"] = kind, ["v"] = Number() },
        "add_callback" => InContext(new JsonObject { ["op"] = kind, ["of"] = Slot("ttfffg"), ["cb"] = _random.Chance(20) ? Slot("d") : New('d'), ["do"] = Callback(place) }),
        "remove_callback" => new JsonObject { ["op"] = kind, ["of"] = Slot("ttfffg"), ["cb"] = Slot("d") },
        "call_soon" => Handle(kind, place),
        "call_later" => Set(Handle(kind, place), "s", _random.Chance(20) ? _random.Pick(Over) : Time()),
        "call_at" => Set(Handle(kind, place), "s", Time() * 2),
        "cancel_handle" => new JsonObject { ["op"] = kind, ["of"] = Slot("h") },
        "set_var" => With(new JsonObject { ["op"] = kind, ["var"] = _random.Pick(Variables), ["v"] = Number() }, "token", 40, () => New('k')),
        "get_var" => new JsonObject { ["op"] = kind, ["var"] = _random.Pick(Variables) },
        "reset_var" => new JsonObject { ["op"] = kind, ["token"] = Slot("k") },
        "close" => new JsonObject { ["op"] = kind, ["of"] = Slot("c") },
        "with" => Hold(place, inside => Block(inside)),
        "limit" => new JsonObject { ["op"] = kind, ["t"] = Timeout(), ["slot"] = New('p'), ["do"] = Block(place.Deeper()) },
        "group" => Group(place, Task, inside => Block(inside)),
        "reschedule" => new JsonObject { ["op"] = kind, ["of"] = Slot("p"), ["s"] = _random.Chance(10) ? null : Time() * 2 },
        "look" => new JsonObject { ["op"] = kind, ["of"] = Slot(_letters + "p") },
        _ when PrimitiveNodes.Statements.FirstOrDefault(one => one.Kind == kind) is { Letters: { } letters } => _primitives.Statement(kind, Among(letters)),
        _ => throw new InvalidOperationException(kind),
    };

    private JsonObject Await(Place place)
    {
        var statement = new JsonObject { ["op"] = "await", ["of"] = Operand(place) };
        return With(statement, "see", 60, () => true);
    }

    private JsonObject Hold(Place place, Func<Place, JsonArray> block)
    {
        var slot = Slot(Among("lyo"));
        var statements = block(place.Deeper());
        for (int i = slot[0] == 'o' ? 1 + _random.Next(3) : 0; i > 0; i--)
            statements.Insert(_random.Next(statements.Count + 1), _primitives.UnderCondition(slot));
        return new JsonObject { ["op"] = "with", ["of"] = slot, ["do"] = statements };
    }

    private JsonObject Group(Place place, Func<Place, JsonObject> task, Func<Place, JsonArray> block)
    {
        var slot = New('r');
        var inside = place.Deeper() with { IsInGroup = true };
        var statements = new JsonArray();
        for (int i = _random.Next(3); i > 0; i--)
        {
            var child = task(inside);
            child["group"] = slot;
            statements.Add(Let('t', child));
        }
        foreach (var statement in block(inside))
            statements.Add(statement!.DeepClone());
        return new JsonObject { ["op"] = "group", ["slot"] = slot, ["do"] = statements };
    }

    /// <summary>Those of the letters that the scenario is about.</summary>
    private string Among(string letters) => string.Concat(letters.Where(_letters.Contains));

    private JsonObject Try(Place place)
    {
        var statement = new JsonObject { ["op"] = "try", ["do"] = Block(place.Deeper()) };
        bool handles = _random.Chance(70);
        if (handles)
        {
            var handlers = new JsonArray();
            for (int i = _random.Chance(75) ? 1 : 2 + _random.Next(2); i > 0; i--)
            {
                var handler = new JsonObject { ["on"] = _random.Pick(Catches), ["do"] = _random.Chance(40) ? new JsonArray() : Block(place.Deeper(), 2) };
                handlers.Add(With(handler, "reraise", 30, () => true));
            }
            statement["catch"] = handlers;
        }
        if (!handles || _random.Chance(25))
            statement["finally"] = Block(place.Deeper() with { MayReturn = false, MayBreak = false }, 2);
        return statement;
    }

    private JsonObject Each(Place place)
    {
        var statement = new JsonObject { ["op"] = "each", ["of"] = Slot("i") };
        if (place.Depth < MostDepth && _random.Chance(60))
        {
            if (_random.Chance(50))
                statement["slot"] = New('g');
            statement["do"] = Block(place.Loop(), 2);
        }
        return statement;
    }

    private JsonObject Handle(string op, Place place)
        => InContext(With(new JsonObject { ["op"] = op, ["cb"] = New('d'), ["do"] = Callback(place) }, "slot", 50, () => New('h')));

    private JsonObject InContext(JsonObject node) => _slots.ContainsKey('x') ? With(node, "context", 25, () => Slot("x")) : node;

    private JsonArray Callback(Place place) => _random.Chance(30) ? [] : Block(place.Deeper() with { IsCallback = true, MayReturn = false, MayBreak = false }, 2);

    private JsonObject Task(Place place)
    {
        var of = _random.Chance(85) ? Call(place) : Expression(_random.Pick(["wait_for", "wait", "sleep", "next"]), place);
        return InGroup(place, InContext(With(new JsonObject { ["x"] = "task", ["of"] = of }, "name", 10, () => New('n'))));
    }

    private JsonObject InGroup(Place place, JsonObject task)
        => place.IsInGroup || (_slots.ContainsKey('r') && _random.Chance(15)) ? With(task, "group", 85, () => Slot("r")) : task;

    private JsonObject Call(Place place)
    {
        var call = new JsonObject { ["x"] = "call", ["id"] = New('b') };
        call["do"] = Block(place.Deeper() with { IsCallback = false, MayReturn = true, MayBreak = false, IsInGroup = false });
        if (_random.Chance(30))
            call["do"]!.AsArray().Add(new JsonObject { ["op"] = "return", ["v"] = Number() });
        return With(call, "guard", 40, () => true);
    }

    private JsonNode Operand(Place place)
    {
        var kind = _random.Weighted(_weights.Expressions);
        if (place.Depth >= MostDepth && kind is not ("slot" or "yield" or "sleep" or "next"))
            kind = "yield";
        return kind switch
        {
            "slot" => Slot("tttttffffgggc"),
            "self" => "self",
            _ => Expression(kind, place),
        };
    }

    private JsonObject Expression(string kind, Place place) => kind switch
    {
        "yield" => new JsonObject { ["x"] = "sleep", ["s"] = _random.Chance(10) ? -1 : 0 },
        "sleep" => With(new JsonObject { ["x"] = "sleep", ["s"] = Time() }, "v", 40, () => Number()),
        "call" => Call(place),
        "task" => Task(place.Deeper()),
        "gather" => With(new JsonObject { ["x"] = kind, ["of"] = Several(place) }, "outcomes", 45, () => true),
        "shield" or "ensure" => new JsonObject { ["x"] = kind, ["of"] = Operand(place.Deeper()) },
        "wait" => Wait(place),
        "wait_for" => new JsonObject { ["x"] = kind, ["of"] = Operand(place.Deeper()), ["t"] = Timeout() },
        "next" => new JsonObject { ["x"] = kind, ["of"] = Slot("i") },
        _ when PrimitiveNodes.Operations.FirstOrDefault(one => one.Kind == kind) is { Letters: { } letters } => _primitives.Operation(kind, Among(letters)),
        _ => throw new InvalidOperationException(kind),
    };

    private JsonObject Wait(Place place)
    {
        var children = new JsonArray();
        bool coroutines = _random.Chance(10);
        for (int i = 1 + _random.Next(3); i > 0; i--)
            children.Add(coroutines ? Call(place.Deeper()) : Slot("tttffg"));
        var wait = new JsonObject { ["x"] = "wait", ["of"] = children };
        return With(With(wait, "mode", 70, () => _random.Pick(Modes)), "t", 40, () => _random.Chance(25) ? _random.Pick(Over) : Time());
    }

    private JsonArray Several(Place place)
    {
        var children = new JsonArray();
        for (int i = _random.Chance(4) ? 0 : 1 + _random.Next(3); i > 0; i--)
            children.Add(_random.Chance(50) ? Slot("tttttffg") : Operand(place.Deeper()));
        return children;
    }

    private JsonNode? Timeout() => _random.Next(10) switch
    {
        0 => null,
        1 => 0,
        2 => -1,
        _ => Time(),
    };

    private double Time() => _random.Pick(Times);

    private int Number() => ++_numbers;

    private JsonObject Error(JsonObject node)
    {
        var kind = _random.Pick(Errors);
        node["e"] = kind;
        if (kind == "boom")
            node["msg"] = $"e{Number()}";
        else if (kind == "cancelled" && _messages > 0 && _random.Chance(50))
            node["msg"] = _random.Pick(Messages);
        return node;
    }

    private JsonObject Let(char kind, JsonObject expression)
        => new() { ["op"] = "let", ["slot"] = New(kind), ["be"] = expression };

    private string New(char kind)
    {
        if (!_slots.TryGetValue(kind, out var slots))
            _slots[kind] = slots = [];
        slots.Add($"{kind}{slots.Count + 1}");
        return slots[^1];
    }

    /// <summary>A slot of one of these kinds, mostly one that is filled earlier in the text; now and then one that comes later, or never.</summary>
    private string Slot(string kinds)
    {
        char kind = _random.Pick(kinds.ToCharArray());
        if (kind == 'm')
            return "main";
        int known = _slots.GetValueOrDefault(kind)?.Count ?? 0;
        if (known == 0 && kinds.Distinct().FirstOrDefault(other => _slots.ContainsKey(other)) is var instead and not '\0')
            return _random.Pick(_slots[instead]);
        return $"{kind}{(known == 0 || _random.Chance(4) ? known + 1 : 1 + _random.Next(known))}";
    }

    private JsonObject With(JsonObject node, string field, int percent, Func<JsonNode?> value)
        => _random.Chance(percent) ? Set(node, field, value()) : node;

    private static JsonObject Set(JsonObject node, string field, JsonNode? value)
    {
        node[field] = value;
        return node;
    }

    /// <summary>Where in the scenario something is made, and what is allowed there.</summary>
    private sealed record Place(int Depth, bool IsCallback = false, bool MayReturn = true, bool MayBreak = false, bool IsInGroup = false)
    {
        public Place Deeper() => this with { Depth = Depth + 1 };

        public Place Loop() => Deeper() with { MayBreak = !IsCallback };
    }
}
