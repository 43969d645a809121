using System.Globalization;
using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Interpretation;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Coverage;

/// <summary>A line of a trace: when, in which task ("-" in a callback, "" at the end), in which coroutine or callback, and what.</summary>
/// <param name="Index">Its place in the trace.</param>
/// <param name="Time">Virtual seconds.</param>
/// <param name="Task">The task's label.</param>
/// <param name="Frame">The coroutine's or callback's id.</param>
/// <param name="Text">The event.</param>
internal sealed record Line(int Index, double Time, string Task, string Frame, string Text)
{
    private readonly string[] _words = Text.Split(' ');

    public string Verb => _words[0];

    /// <summary>What the statement was about; for a cancel of "self" the task itself.</summary>
    public string Subject => Word(1) == "self" ? Task : Word(1);

    public string Last => _words[^1];

    public string Word(int index) => index < _words.Length ? _words[index] : "";

    public bool Starts(string text) => Text.StartsWith(text, StringComparison.Ordinal);
}

/// <summary>A scenario and its trace, with the questions by which a rule's situation is recognised.</summary>
internal sealed class Observation
{
    private readonly List<JsonObject> _nodes;
    private readonly Dictionary<string, JsonObject> _expressions = []; // by their text in the trace

    public Observation(JsonObject scenario, IReadOnlyList<string> trace)
    {
        _nodes = [.. NodesOf(scenario)];
        foreach (var node in _nodes.Where(node => node.Has("x")))
            _expressions.TryAdd(Texts.OfExpression(node), node);
        Lines = [.. trace.Select(Parse)];
        Moments = [.. Events("clock").SelectMany(line => line.Text.Split(' ').Skip(1)).Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
    }

    public IReadOnlyList<Line> Lines { get; }

    /// <summary>The moments to which the clock has jumped.</summary>
    public IReadOnlyList<double> Moments { get; }

    public IEnumerable<Line> Events(string verb) => Lines.Where(line => line.Verb == verb);

    public bool Saw(string start) => Lines.Any(line => line.Starts(start));

    public IEnumerable<Line> After(Line line) => Lines.Skip(line.Index + 1);

    public IEnumerable<Line> Before(Line line) => Lines.Take(line.Index);

    public Line? Following(Line line) => line.Index + 1 < Lines.Count ? Lines[line.Index + 1] : null;

    /// <summary>The last thing a task did before a line.</summary>
    public Line? LastOf(string task, Line before) => Before(before).LastOrDefault(line => line.Task == task);

    public Line? NextOf(string task, Line after) => After(after).FirstOrDefault(line => line.Task == task);

    /// <summary>What a slot was filled with by then: "task", "gather", "future" and so on; null if it was not.</summary>
    public string? FilledWith(string slot, Line at) => Filled(slot, at) is { } line ? KindOf(line.Word(3)) : null;

    /// <summary>The expression that a line is about, such as that of "got gather(t1) = [1]", also if it is in a slot; null if it is no combinator.</summary>
    public JsonObject? Expression(Line line) => ExpressionOf(line.Word(1), line);

    /// <summary>The combinator that a word stands for in a line: its text, or the name of a slot that holds it.</summary>
    public JsonObject? ExpressionOf(string word, Line at)
        => _expressions.GetValueOrDefault(word) ?? (Filled(word, at) is { } line ? _expressions.GetValueOrDefault(line.Word(3)) : null);

    /// <summary>What a task is suspended at when a line is written, such as "f1" or "gather"; null if it has not begun, runs or has ended.</summary>
    public string? Awaits(string task, Line at)
        => at.Task != task && LastOf(task, at) is { Verb: "await" } last && last.Last != "n/a" ? last.Text["await ".Length..] : null;

    /// <summary>The same, as what it is: a slot's content counts as what filled it.</summary>
    public string? AwaitsKind(string task, Line at) => Awaits(task, at) is { } awaited ? FilledWith(awaited, at) ?? KindOf(awaited) : null;

    /// <summary>Where the wait began that ended in a line.</summary>
    public Line? Begin(Line end) => Before(end).LastOrDefault(line => line.Task == end.Task && line.Verb == "await" && line.Text[6..].Split(' ')[0] == end.Word(1));

    /// <summary>The completion of a future by a statement, if there was one by then.</summary>
    public Line? Completed(string slot, Line before)
        => Before(before).LastOrDefault(line => line.Verb is "set_result" or "set_exception" && line.Word(1) == slot && line.Last == "ok");

    /// <summary>How a slot's future or task ended: "done", "cancelled" or "pending".</summary>
    public string? End(string slot) => Lines.FirstOrDefault(line => line.Task.Length == 0 && line.Starts($"end {slot} "))?.Last;

    public IEnumerable<JsonObject> Nodes(string kind) => _nodes.Where(node => node.Kind() == kind);

    /// <summary>The expression that filled a slot.</summary>
    public JsonObject? Filling(string slot) => Nodes("let").FirstOrDefault(node => node.Text("slot") == slot)?["be"] as JsonObject;

    /// <summary>Two lines each, the earlier first.</summary>
    public static IEnumerable<(Line First, Line Second)> Pairs(IEnumerable<Line> lines)
    {
        var list = lines.Take(40).ToList();
        return list.SelectMany((first, i) => list.Skip(i + 1).Select(second => (first, second)));
    }

    private Line? Filled(string slot, Line at) => Before(at).LastOrDefault(line => line.Verb == "let" && line.Word(1) == slot && line.Word(2) == "=");

    private static string KindOf(string expression) => expression.Split('(')[0];

    private static Line Parse(string text, int index)
    {
        var words = text.Split(' ', 3);
        return words.Length == 3 && words[1].Split('/') is [var task, var frame]
            ? new Line(index, double.Parse(words[0], CultureInfo.InvariantCulture), task, frame, words[2])
            : new Line(index, double.PositiveInfinity, "", "", text);
    }

    private static IEnumerable<JsonObject> NodesOf(JsonNode? node) => node switch
    {
        JsonObject item => item.SelectMany(field => NodesOf(field.Value)).Concat(item.Has("op") || item.Has("x") ? [item] : []),
        JsonArray array => array.SelectMany(NodesOf),
        _ => [],
    };
}
