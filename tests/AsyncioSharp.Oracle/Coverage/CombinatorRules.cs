using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Coverage;

/// <summary>How the situations of the rules on gather, shield and as_completed show in a trace.</summary>
internal static class CombinatorRules
{
    public static IReadOnlyDictionary<string, Func<Observation, bool>> All { get; } = new Dictionary<string, Func<Observation, bool>>
    {
        ["GAT-01"] = o => Got(o, "gather").Any(line => line.Text.Contains(", ", StringComparison.Ordinal)),
        ["GAT-02"] = o => o.Events("got").Where(line => o.FilledWith(line.Word(1), line) == "gather").GroupBy(line => line.Word(1)).Any(same => same.Count() > 1),
        ["GAT-03"] = o => Got(o, "gather").Any(line => line.Last == "[]"),
        // The positions of one slot hold one value.
        ["GAT-04"] = o => Got(o, "gather").Any(line => o.Expression(line)!.Array("of") is var children && Values(line) is var values && values.Length == children.Count
            && children.Zip(values).Where(pair => pair.First is JsonValue).GroupBy(pair => pair.First!.GetValue<string>())
                .Any(same => same.Count() > 1 && same.Select(pair => pair.Second).Distinct().Count() == 1)),
        ["GAT-06"] = o => Threw(o, "gather", "Boom").Any(),
        ["GAT-07"] = o => Got(o, "gather").Any(line => line.Text.Contains('!', StringComparison.Ordinal)),
        // Failed with the cancellation, not cancelled.
        ["GAT-08"] = o => o.Saw("unretrieved Gather Cancelled")
            || o.Events("exception").Any(line => o.FilledWith(line.Word(1), line) == "gather"
                && line.Word(3).StartsWith("!Cancelled", StringComparison.Ordinal)),
        ["GAT-09"] = o => o.Events("cancel").Any(line => o.FilledWith(line.Word(1), line) == "gather" && line.Last is "true" or "false"),
        ["GAT-10"] = o => Cancelled(o, "gather").Any(line => o.Expression(line)!.Array("of").Count > 1 && o.End(line.Word(1)) == "done"),
        // A child has swallowed the cancellation.
        ["GAT-11"] = o => Requests(o, "gather")
            .Any(request => o.After(request.Line).Any(line => line.Starts("caught Cancelled")
                && Operands.Of(request.Node).Any(operand => operand.IsIn(line)))),
        ["GAT-12"] = o => IsCancelledIn(o, "gather"),
        ["GAT-13"] = o => o.Events("await").Any(line => o.Expression(line) is { } node && node.Kind() == "gather"
            && node.Array("of").Count > 0 && line.Word(1).StartsWith("gather(", StringComparison.Ordinal)
            && o.Following(line) is { Verb: "got" } next && next.Task == line.Task),
        ["GAT-14"] = o => o.Saw("unretrieved Gather Boom") || o.Saw("unretrieved Gather Timeout"),
        // The message has come to a child of the inner gather.
        ["GAT-15"] = o => Requests(o, "gather").Any(request => Operands.Nested(request.Node, "gather").SelectMany(Operands.Of)
            .Any(leaf => o.After(request.Line).Any(line => leaf.IsIn(line) && line.Last.StartsWith("Cancelled(", StringComparison.Ordinal)))),

        ["SHI-01"] = o => Got(o, "shield").Any(),
        ["SHI-02"] = o => IsCancelledIn(o, "shield") || Cancelled(o, "shield").Any(line => o.End(line.Word(1)) == "cancelled"),
        ["SHI-03"] = o => Threw(o, "shield", "Cancelled")
            .Any(threw => Operands.Of(o.Expression(threw)!).Any(inner => inner.Slot is { } slot
                && o.Before(threw).Any(line => line.Verb == "cancel" && line.Subject == slot && line.Last == "true"))),
        // The failure came after the shield was cancelled, and is reported.
        ["SHI-04"] = o => Requests(o, "shield")
            .Any(request => Operands.Of(request.Node).SelectMany(inner => inner.Failures(o, request.Line))
                .Any(failure => IsUnretrieved(o, failure))),
        ["SHI-05"] = o => Requests(o, "gather").Any(request => Shields(o, request.Node, request.Line).SelectMany(Operands.Of).Any(inner => inner.Survives(o, request.Line))),
        ["SHI-06"] = o => o.Lines.Any(line => line.Starts("caught Cancelled")
            && o.LastOf(line.Task, line) is { } last
            && (last.Starts("await shield(") || last.Starts("threw shield("))),

        ["AC-01"] = o => Outcomes(o).Any(same => same.Count() > 1),
        ["AC-02"] = o => Outcomes(o).Any(same => same.Select(line => line.Last).Distinct().Count() > 1),
        // A child has begun before anybody asked for an outcome.
        ["AC-03"] = o => o.Events("let").Any(made => made.Word(3).StartsWith("as_completed(", StringComparison.Ordinal)
            && Operands.Of(o.ExpressionOf(made.Word(3), made)!).Any(child => o.After(made)
                .TakeWhile(line => !line.Starts($"await next {made.Word(1)}") && !line.Starts($"each {made.Word(1)}"))
                .Any(line => line.Verb == "enter" && child.IsIn(line)))),
        ["AC-04"] = o => o.Lines.Any(line => line.Starts("threw next") && line.Last == "Timeout"),
        ["AC-04/negative"] = o => o.Lines.Any(line => line.Starts("threw next") && line.Last == "Timeout" && o.ExpressionOf(line.Word(2), line)?.NumberOrNull("t") < 0),
        ["AC-05"] = o => o.Events("cancel").Any(line => line.Last == "true" && o.Awaits(line.Subject, line)?.StartsWith("next ", StringComparison.Ordinal) == true),
        ["AC-06"] = o => o.Events("each").Any(line => line.Last != "n/a"),
        ["AC-07"] = o => o.Lines.Any(line => line.Starts("await next") && line.Last == "n/a"
            && o.ExpressionOf(line.Word(2), line) is { } made
            && made.Kind() == "as_completed" && made.Array("of").Count == 0),
    };

    /// <summary>Values that such a combinator gave.</summary>
    public static IEnumerable<Line> Got(Observation o, string kind) => o.Events("got").Where(line => Is(o.Expression(line), kind));

    /// <summary>Errors that it threw.</summary>
    public static IEnumerable<Line> Threw(Observation o, string kind, string error)
        => o.Events("threw").Where(line => line.Last.StartsWith(error, StringComparison.Ordinal) && Is(o.Expression(line), kind));

    /// <summary>A task was cancelled while it awaited such a thing.</summary>
    public static bool IsCancelledIn(Observation o, string kind) => o.Events("cancel").Any(line => line.Last == "true" && o.AwaitsKind(line.Subject, line) == kind);

    /// <summary>Requests that were accepted by such a combinator, in a slot or awaited by the task that was cancelled, with its expression.</summary>
    public static IEnumerable<(Line Line, JsonObject Node)> Requests(Observation o, string kind)
    {
        foreach (var line in o.Events("cancel").Where(line => line.Last == "true"))
        {
            var node = o.Expression(line) is { } own && own.Kind() == kind ? own : o.Awaits(line.Subject, line) is { } awaited ? o.ExpressionOf(awaited, line) : null;
            if (Is(node, kind))
                yield return (line, node!);
        }
    }

    /// <summary>A report tells that nobody has retrieved this failure.</summary>
    public static bool IsUnretrieved(Observation o, string failure) => o.Events("unretrieved").Any(line => line.Last == failure);

    /// <summary>The shields among the operands, also in slots.</summary>
    public static IEnumerable<JsonObject> Shields(Observation o, JsonObject node, Line at) => Operands.Of(node)
        .Select(operand => operand.Slot is { } slot ? o.ExpressionOf(slot, at) : operand.Node)
        .OfType<JsonObject>().Where(inner => inner.Kind() == "shield");

    /// <summary>Requests to what a slot holds, that were accepted.</summary>
    private static IEnumerable<Line> Cancelled(Observation o, string kind) => o.Events("cancel").Where(line => line.Last == "true" && Is(o.Expression(line), kind));

    /// <summary>The outcomes that were taken from each iterator.</summary>
    private static IEnumerable<IGrouping<string, Line>> Outcomes(Observation o) => o.Lines.Where(line => line.Starts("got next")).GroupBy(line => line.Word(2));

    private static string[] Values(Line line) => line.Text[(line.Text.IndexOf(" = [", StringComparison.Ordinal) + 4)..^1].Split(", ");

    private static bool Is(JsonObject? node, string kind) => node?.Kind() == kind;
}
