using System.Text.Json.Nodes;

namespace AsyncioSharp.Oracle.Generation;

/// <summary>Makes the nodes that are about locks, semaphores, events, conditions, barriers and queues, for a <see cref="Generator"/>.</summary>
/// <param name="random">What decides.</param>
/// <param name="slot">Gives the name of a slot of one of the given kinds.</param>
/// <param name="number">Gives another number each time.</param>
internal sealed class PrimitiveNodes(SplitMix random, Func<string, string> slot, Func<int> number)
{
    /// <summary>The letters of their slots, and what makes each.</summary>
    public static IReadOnlyDictionary<char, string> Kinds { get; } = new Dictionary<char, string>
    {
        ['l'] = "lock", ['y'] = "semaphore", ['v'] = "event", ['o'] = "condition", ['w'] = "barrier", ['q'] = "queue",
    };

    /// <summary>Statements and operations that wait, with the letters of what they are about; what is about a condition stands mostly in its block.</summary>
    public static IReadOnlyList<(string Kind, string Letters, int Weight)> Statements { get; } =
    [
        ("with", "lyo", 90), ("release", "ly", 25), ("set", "v", 50), ("clear", "v", 25), ("notify", "o", 15), ("put_nowait", "q", 60), ("get_nowait", "q", 60),
        ("task_done", "q", 25), ("shutdown", "q", 15), ("reset", "w", 8), ("abort", "w", 4), ("look", "lyvowq", 12),
    ];

    public static IReadOnlyList<(string Kind, string Letters, int Weight)> Operations { get; } =
        [("acquire", "ly", 60), ("wait_at", "vw", 240), ("get", "q", 220), ("put", "q", 220), ("join", "q", 25)];

    /// <summary>How likely each of some statements or operations is that is about one of some letters.</summary>
    public static Dictionary<string, int> WeightsOf(IEnumerable<(string Kind, string Letters, int Weight)> nodes, string letters)
        => nodes.Where(one => one.Letters.Any(letters.Contains)).ToDictionary(one => one.Kind, one => one.Weight);

    /// <summary>An expression that makes one.</summary>
    public JsonObject Make(char letter) => letter switch
    {
        'y' or 'w' => new() { ["x"] = Kinds[letter], ["n"] = 1 + random.Next(letter == 'w' ? 3 : 2) },
        'q' => Queue(),
        _ => new() { ["x"] = Kinds[letter] },
    };

    /// <summary>A statement that does not wait.</summary>
    public JsonObject Statement(string kind, string letters)
    {
        var statement = new JsonObject { ["op"] = kind, ["of"] = slot(letters) };
        if (kind == "put_nowait")
            statement["v"] = number();
        if (kind == "notify" && random.Chance(60))
            statement["n"] = 1 + random.Next(2);
        if (kind == "shutdown" && random.Chance(40))
            statement["now"] = true;
        return statement;
    }

    /// <summary>An operation that may have to wait.</summary>
    public JsonObject Operation(string kind, string letters)
    {
        var operation = new JsonObject { ["x"] = kind, ["of"] = slot(letters) };
        if (kind == "put")
            operation["v"] = number();
        return operation;
    }

    /// <summary>What is mostly done while a condition's lock is held.</summary>
    public JsonObject UnderCondition(string condition) => random.Next(3) switch
    {
        0 => new JsonObject { ["op"] = "notify", ["of"] = condition, ["n"] = 1 + random.Next(2) },
        1 => new JsonObject { ["op"] = "notify", ["of"] = condition },
        _ => Nodes.Await(new JsonObject { ["x"] = "wait_at", ["of"] = condition }, random.Chance(60)),
    };

    private JsonObject Queue()
    {
        var queue = new JsonObject { ["x"] = "queue" };
        if (random.Chance(70))
            queue["n"] = 1 + random.Next(2);
        if (random.Chance(20))
            queue["lifo"] = true;
        return queue;
    }
}
