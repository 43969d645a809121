namespace AsyncioSharp.Oracle.Generation;

/// <summary>
/// How likely each statement and expression is. Every scenario has a theme, which makes some of them several times as likely: two things that
/// only meet by chance in a mixture, such as a timeout and a completion in the same iteration, meet often in a theme.
/// </summary>
internal sealed class Weights
{
    private static readonly Dictionary<string, int> BaseStatements = new()
    {
        ["await"] = 220, ["task"] = 80, ["future"] = 25, ["combine"] = 35, ["coroutine"] = 8, ["completions"] = 12, ["cancel"] = 80,
        ["set_result"] = 40, ["set_exception"] = 25, ["try"] = 80, ["repeat"] = 15, ["return"] = 12, ["raise"] = 15, ["mark"] = 12,
        ["state"] = 15, ["result"] = 15, ["exception"] = 12, ["add_callback"] = 25, ["remove_callback"] = 8, ["call_soon"] = 15,
        ["call_later"] = 15, ["call_at"] = 6, ["cancel_handle"] = 8, ["set_var"] = 12, ["get_var"] = 12, ["reset_var"] = 6, ["name"] = 5,
        ["set_name"] = 3, ["tasks"] = 6, ["current"] = 5, ["uncancel"] = 10, ["cancelling"] = 8, ["each"] = 8, ["close"] = 3, ["context"] = 5, ["break"] = 8,
    };

    private static readonly Dictionary<string, int> BaseExpressions = new()
    {
        ["slot"] = 90, ["yield"] = 60, ["sleep"] = 60, ["call"] = 40, ["gather"] = 30, ["shield"] = 20, ["wait"] = 25, ["wait_for"] = 35,
        ["next"] = 15, ["ensure"] = 6, ["task"] = 10, ["self"] = 1,
    };

    private static readonly string[][] Themes =
    [
        [],
        ["cancel", "try", "uncancel", "cancelling", "task"],
        ["gather", "combine", "cancel", "exception"],
        ["shield", "combine", "cancel"],
        ["wait", "set_result", "set_exception", "future"],
        ["wait_for", "cancel", "set_result", "future", "sleep"],
        ["completions", "next", "each", "task", "break"],
        ["call_later", "call_at", "call_soon", "cancel_handle", "sleep"],
        ["future", "set_result", "set_exception", "add_callback", "remove_callback", "state", "result", "exception"],
        ["call", "coroutine", "close", "try", "return", "raise", "repeat"],
        ["set_var", "get_var", "reset_var", "call", "call_soon", "add_callback", "context"],
        ["name", "set_name", "tasks", "current", "state", "cancelling", "self"],
    ];

    private static readonly int[] s_kinds = [0, 1, 1, 1, 1, 1, 1, 2, 2, 3]; // how many of them a scenario is about

    // What meets primitives: the rest of the language would only make scenarios longer.
    private static readonly Dictionary<string, int> ModernStatements = new()
    {
        ["await"] = 220, ["task"] = 90, ["future"] = 4, ["combine"] = 6, ["cancel"] = 150, ["set_result"] = 4, ["try"] = 60, ["repeat"] = 15, ["return"] = 6, ["raise"] = 15,
        ["state"] = 6, ["call_soon"] = 6, ["call_later"] = 10, ["uncancel"] = 8, ["cancelling"] = 8, ["break"] = 4, ["coroutine"] = 2,
    };

    private static readonly Dictionary<string, int> ModernExpressions = new()
    {
        ["slot"] = 15, ["yield"] = 120, ["sleep"] = 30, ["call"] = 20, ["gather"] = 6, ["shield"] = 6, ["wait"] = 2, ["wait_for"] = 25, ["ensure"] = 2, ["task"] = 4,
    };

    private Weights(Dictionary<string, int> statements, Dictionary<string, int> expressions)
        => (Statements, Expressions) = (statements, expressions);

    public IReadOnlyDictionary<string, int> Statements { get; }

    public IReadOnlyDictionary<string, int> Expressions { get; }

    public static Weights Draw(SplitMix random)
    {
        var words = random.Pick(Themes);
        return new(Favour(BaseStatements, words), Favour(BaseExpressions, words));
    }

    /// <summary>Those of a scenario about up to three kinds of primitives, and often about scopes.</summary>
    /// <param name="random">What decides.</param>
    /// <param name="letters">The kinds: letters of <see cref="PrimitiveNodes.Kinds"/>.</param>
    public static Weights DrawModern(SplitMix random, out string letters)
    {
        var all = PrimitiveNodes.Kinds.Keys.ToArray();
        var chosen = string.Concat(Enumerable.Range(0, random.Pick(s_kinds)).Select(_ => random.Pick(all)).Distinct());
        var statements = new Dictionary<string, int>(ModernStatements);
        var expressions = new Dictionary<string, int>(ModernExpressions);
        foreach (var (kind, weight) in PrimitiveNodes.WeightsOf(PrimitiveNodes.Statements, chosen))
            statements[kind] = weight;
        foreach (var (kind, weight) in PrimitiveNodes.WeightsOf(PrimitiveNodes.Operations, chosen))
            expressions[kind] = weight;
        if (chosen.Length == 0 || random.Chance(50))
            (statements["limit"], statements["reschedule"], statements["look"]) = (70, 8, 12);
        if (chosen.Length == 0 || random.Chance(50))
            statements["group"] = 70;
        letters = chosen;
        return new(statements, expressions);
    }

    private static Dictionary<string, int> Favour(Dictionary<string, int> weights, string[] words)
        => weights.ToDictionary(weight => weight.Key, weight => weight.Value * (words.Contains(weight.Key) ? 5 : 1));
}
