using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Coverage;

/// <summary>How the situations of the rules on gather, shield, wait_for, wait and as_completed show in a trace.</summary>
internal static class CombinatorRules
{
    public static IReadOnlyDictionary<string, Func<Observation, bool>> All { get; } = new Dictionary<string, Func<Observation, bool>>
    {
        ["GAT-01"] = o => o.Lines.Any(line => line.Starts("got gather = [") && line.Text.Contains(", ", StringComparison.Ordinal)),
        ["GAT-02"] = o => o.Events("got").Where(line => o.FilledWith(line.Word(1), line) == "gather").GroupBy(line => line.Word(1)).Any(same => same.Count() > 1),
        ["GAT-03"] = o => o.Saw("got gather = []"),
        ["GAT-04"] = o => o.Nodes("gather").Any(node => node.Array("of").OfType<JsonValue>().GroupBy(child => child.GetValue<string>()).Any(same => same.Count() > 1)) && o.Saw("got gather = ["),
        ["GAT-06"] = o => Threw(o, "gather", "Boom"),
        ["GAT-07"] = o => o.Lines.Any(line => line.Starts("got gather = [") && line.Text.Contains('!', StringComparison.Ordinal)),
        // Failed with the cancellation, not cancelled.
        ["GAT-08"] = o => o.Saw("unretrieved Gather Cancelled") || o.Events("exception").Any(line => o.FilledWith(line.Word(1), line) == "gather" && line.Word(3).StartsWith("!Cancelled", StringComparison.Ordinal)),
        ["GAT-09"] = o => o.Events("cancel").Any(line => o.FilledWith(line.Word(1), line) == "gather" && line.Last is "true" or "false"),
        ["GAT-10"] = o => Cancelled(o, "gather").Any(line => o.Filling(line.Word(1)) is { } made && made.Array("of").Count > 1 && o.End(line.Word(1)) == "done"),
        ["GAT-11"] = o => o.Events("cancel").Any(line => line.Last == "true" && (o.FilledWith(line.Word(1), line) == "gather" || o.AwaitsKind(line.Subject, line) == "gather")
            && o.After(line).Any(later => later.Task == "~" && later.Starts("caught Cancelled"))),
        ["GAT-12"] = o => IsCancelledIn(o, "gather"),
        ["GAT-13"] = o => o.Lines.Any(line => line.Text == "await gather" && o.Following(line) is { Verb: "got" } next && next.Task == line.Task),
        ["GAT-14"] = o => o.Saw("unretrieved Gather Boom") || o.Saw("unretrieved Gather Timeout"),
        ["GAT-15"] = o => Nests(o, "gather", "gather") && (IsCancelledIn(o, "gather") || Cancelled(o, "gather").Any()),

        ["SHI-01"] = o => o.Saw("got shield = "),
        ["SHI-02"] = o => IsCancelledIn(o, "shield") || Cancelled(o, "shield").Any(line => o.End(line.Word(1)) == "cancelled"),
        ["SHI-03"] = o => Threw(o, "shield", "Cancelled"),
        ["SHI-04"] = o => (IsCancelledIn(o, "shield") || Cancelled(o, "shield").Any()) && o.Saw("unretrieved"),
        ["SHI-05"] = o => Nests(o, "gather", "shield") && (IsCancelledIn(o, "gather") || Cancelled(o, "gather").Any()),
        ["SHI-06"] = o => o.Lines.Any(line => line.Starts("caught Cancelled") && o.LastOf(line.Task, line) is { } last && (last.Text == "await shield" || last.Starts("threw shield ! Cancelled"))),

        ["WF-01"] = o => Waits(o).Any(node => node.NumberOrNull("t") is null) && Waits(o).All(node => node.NumberOrNull("t") is null) && o.Saw("got wait_for"),
        ["WF-02"] = o => Waits(o).Any(node => node.NumberOrNull("t") <= 0) && o.Lines.Any(line => line.Text == "threw wait_for ! Timeout" && Begin(o, line)?.Time == line.Time),
        ["WF-03"] = o => o.Lines.Any(line => line.Text == "threw wait_for ! Timeout" && Begin(o, line)?.Time < line.Time),
        // The body that it ran in a task has caught the cancellation, and the wait has a value.
        ["WF-04"] = o => o.Saw("got wait_for") && Bodies(o).Any(id => o.Lines.Any(line => line.Frame == id && line.Starts("caught Cancelled")) && o.Lines.Any(line => line.Frame == id && line.Starts("leave ="))),
        ["WF-05"] = o => Bodies(o).Any(id => o.Lines.Any(line => line.Frame == id && line.Task == "~")),
        ["WF-06"] = o => IsCancelledIn(o, "wait_for"),
        ["WF-07"] = o => InWait(o).GroupBy(line => (line.Subject, o.LastOf(line.Subject, line)!.Index)).Any(same => same.Count() > 1),
        ["WF-08"] = o => InWait(o).Any(line => o.Before(line).Any(done => done.Verb == "set_result" && done.Last == "ok" && done.Time == line.Time && done.Index > o.LastOf(line.Subject, line)!.Index)),
        ["WF-10"] = o => InWait(o).Any(line => Waits(o).Any(node => node.NumberOrNull("t") is { } t && o.LastOf(line.Subject, line)!.Time + Math.Max(t, 0) == line.Time)),
        ["WF-11"] = o => Threw(o, "wait_for", "Cancelled"),
        ["WF-12"] = o => Waits(o).Any(node => node.NumberOrNull("t") > 0) && o.Lines.Any(line => line.Starts("got wait_for") && o.After(line).Any(later => later.Time < 1000 && later.Time > line.Time)),
        ["WF-13"] = o => Waits(o).Any(node => node["of"] is JsonObject inner && inner.Kind() == "shield") && o.Saw("threw wait_for ! Timeout"),

        ["WAIT-01"] = o => o.Saw("got wait = done ["),
        ["WAIT-03"] = o => o.Nodes("wait").Any(node => node.Array("of").Any(child => child is JsonObject)) && o.Saw("got wait = done [~"),
        ["WAIT-05"] = o => o.Nodes("wait").Any(node => node.TextOrNull("mode") is "first" or "exception") && Waited(o).Any(line => !line.Starts("got wait = done []") && line.Last != "[]"),
        ["WAIT-06"] = o => o.Nodes("wait").Any(node => node.TextOrNull("mode") == "first") && Waited(o).Any(line => line.Text.Split(" pending ")[0].Contains(", ", StringComparison.Ordinal)),
        ["WAIT-07"] = o => o.Nodes("wait").Any(node => node.NumberOrNull("t") is not null) && Waited(o).Any(line => line.Starts("got wait = done []")),
        ["WAIT-08"] = o => o.Lines.Any(line => line.Text == "await wait" && o.NextOf(line.Task, line) is { Last: "[]" } woken && woken.Time == line.Time && woken.Index > line.Index + 1),
        ["WAIT-09"] = o => Waited(o).Any() && o.Lines.Any(line => line.Starts("unretrieved Future") || line.Starts("unretrieved Task")),
        ["WAIT-10"] = o => IsCancelledIn(o, "wait"),

        ["AC-01"] = o => Outcomes(o).Any(same => same.Count() > 1),
        ["AC-02"] = o => Outcomes(o).Any(same => same.Select(line => line.Last).Distinct().Count() > 1),
        ["AC-03"] = o => o.Nodes("as_completed").SelectMany(node => node.Array("of")).OfType<JsonObject>().Any(child => child.Kind() == "call" && o.Lines.Any(line => line.Verb == "enter" && line.Frame == child.Text("id"))),
        ["AC-04"] = o => o.Lines.Any(line => line.Starts("threw next") && line.Last == "Timeout"),
        ["AC-05"] = o => o.Events("cancel").Any(line => line.Last == "true" && o.Awaits(line.Subject, line)?.StartsWith("next ", StringComparison.Ordinal) == true),
        ["AC-06"] = o => o.Events("each").Any(line => line.Last != "n/a"),
        ["AC-07"] = o => o.Nodes("as_completed").Any(node => node.Array("of").Count == 0) && o.Lines.Any(line => line.Starts("await next") && line.Last == "n/a"),
    };

    private static IEnumerable<JsonObject> Waits(Observation o) => o.Nodes("wait_for");

    /// <summary>The ids of bodies that a wait_for with a timeout was given as coroutines.</summary>
    private static IEnumerable<string> Bodies(Observation o)
        => Waits(o).Where(node => node.NumberOrNull("t") > 0).Select(node => node["of"]).OfType<JsonObject>().Where(body => body.Kind() == "call").Select(body => body.Text("id"));

    private static IEnumerable<Line> Waited(Observation o) => o.Lines.Where(line => line.Starts("got wait = "));

    /// <summary>The outcomes that were taken from each iterator.</summary>
    private static IEnumerable<IGrouping<string, Line>> Outcomes(Observation o) => o.Lines.Where(line => line.Starts("got next")).GroupBy(line => line.Word(2));

    private static bool Threw(Observation o, string kind, string error)
        => o.Events("threw").Any(line => line.Last.StartsWith(error, StringComparison.Ordinal) && (line.Word(1) == kind || o.FilledWith(line.Word(1), line) == kind));

    private static bool Nests(Observation o, string outer, string inner) => o.Nodes(outer).Any(node => node.Array("of").OfType<JsonObject>().Any(child => child.Kind() == inner));

    /// <summary>Requests to what a slot holds, that were accepted.</summary>
    private static IEnumerable<Line> Cancelled(Observation o, string kind) => o.Events("cancel").Where(line => line.Last == "true" && o.FilledWith(line.Word(1), line) == kind);

    /// <summary>A task was cancelled while it awaited such a thing.</summary>
    private static bool IsCancelledIn(Observation o, string kind) => o.Events("cancel").Any(line => line.Last == "true" && o.AwaitsKind(line.Subject, line) == kind);

    private static IEnumerable<Line> InWait(Observation o) => o.Events("cancel").Where(line => line.Last == "true" && o.Awaits(line.Subject, line) == "wait_for");

    /// <summary>Where the wait_for began that ended in a line.</summary>
    private static Line? Begin(Observation o, Line end) => o.Before(end).LastOrDefault(line => line.Task == end.Task && line.Text == "await wait_for");
}
