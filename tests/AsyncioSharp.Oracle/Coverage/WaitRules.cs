using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Coverage;

/// <summary>How the situations of the rules on wait_for and wait show in a trace.</summary>
internal static class WaitRules
{
    public static IReadOnlyDictionary<string, Func<Observation, bool>> All { get; } = new Dictionary<string, Func<Observation, bool>>
    {
        ["WF-01"] = o => CombinatorRules.Got(o, "wait_for").Any(line => Timeout(o, line) is null),
        ["WF-02"] = o => TimedOut(o).Any(wait => Timeout(o, wait.End) <= 0 && wait.Begin.Time == wait.End.Time),
        ["WF-03"] = o => TimedOut(o).Any(wait => Timeout(o, wait.End) > 0 && wait.Begin.Time + Timeout(o, wait.End) == wait.End.Time),
        // The body that it ran in a task has caught the cancellation, and the wait has a value.
        ["WF-04"] = o => Ended(o, "got").Any(wait => Body(o, wait.End) is { } id
            && o.After(wait.Begin).TakeWhile(line => line != wait.End).Any(line => line.Frame == id && line.Starts("caught Cancelled"))),
        ["WF-05"] = o => o.Nodes("wait_for").Any(node => node.NumberOrNull("t") > 0
            && node["of"] is JsonObject body && body.Kind() == "call"
            && o.Lines.Any(line => line.Frame == body.Text("id") && line.Task == "~")),
        ["WF-06"] = o => CombinatorRules.IsCancelledIn(o, "wait_for"),
        ["WF-07"] = o => InWait(o).GroupBy(line => (line.Subject, o.LastOf(line.Subject, line)!.Index)).Any(same => same.Count() > 1),
        // Its future is done, and the caller has not run since.
        ["WF-08"] = o => InWait(o).Any(line => Inner(o, line) is { } slot && o.Completed(slot, line) is { } done && done.Index > o.LastOf(line.Subject, line)!.Index),
        ["WF-09/completion first"] = o => AtDeadline(o).Any(wait => wait.Registered.Index < wait.Begin.Index),
        ["WF-09/timer first"] = o => AtDeadline(o).Any(wait => wait.Registered.Index > wait.Begin.Index),
        ["WF-10"] = o => InWait(o).Any(line => o.ExpressionOf(o.Awaits(line.Subject, line)!, line)?.NumberOrNull("t") is { } t
            && o.LastOf(line.Subject, line)!.Time + Math.Max(t, 0) == line.Time),
        // Somebody else has cancelled what it waits for.
        ["WF-11"] = o => Ended(o, "threw").Any(wait => wait.End.Last.StartsWith("Cancelled", StringComparison.Ordinal) && o.Expression(wait.End)!["of"] is JsonValue inner
            && o.After(wait.Begin).TakeWhile(line => line != wait.End).Any(line => line.Verb == "cancel" && line.Subject == inner.GetValue<string>() && line.Last == "true")),
        // It ended early, and at its deadline the clock did not stop.
        ["WF-12"] = o => Ended(o, "got").Any(wait => Timeout(o, wait.End) is > 0 and var t && wait.End.Time < wait.Begin.Time + t && !o.Moments.Contains(wait.Begin.Time + t)),
        ["WF-13"] = o => TimedOut(o).Any(wait => CombinatorRules.Shields(o, o.Expression(wait.End)!, wait.End).SelectMany(Operands.Of).Any(inner => inner.Survives(o, wait.End))),

        ["WAIT-01"] = o => Waited(o).Any(wait => wait.End.Starts("got wait") && wait.End.Text.Contains("done [", StringComparison.Ordinal)),
        ["WAIT-03"] = o => Waited(o).Any(wait => o.Expression(wait.End)!.Array("of").Any(child => child is JsonObject)
            && wait.End.Text.Contains("done [~", StringComparison.Ordinal)),
        // Some are pending, and it was no timeout that ended it.
        ["WAIT-05"] = o => Waited(o).Any(wait => o.Expression(wait.End)!.TextOrNull("mode") is "first" or "exception"
            && wait.End.Last != "[]"
            && !(wait.Begin.Time + Timeout(o, wait.End) <= wait.End.Time)),
        ["WAIT-06"] = o => Waited(o).Any(wait => o.Expression(wait.End)!.TextOrNull("mode") == "first" && Done(wait.End).Length > 1),
        ["WAIT-07"] = o => Waited(o).Any(wait => Timeout(o, wait.End) is { } t && wait.End.Time == wait.Begin.Time + Math.Max(t, 0) && wait.End.Last != "[]"),
        // All were done already, and others ran before it came back.
        ["WAIT-07/negative"] = o => Waited(o).Any(wait => Timeout(o, wait.End) < 0 && wait.End.Time == wait.Begin.Time && wait.End.Last != "[]"),
        ["WAIT-08"] = o => Waited(o).Any(wait => Operands.Of(o.Expression(wait.End)!).All(child => child.Slot is { } slot
                && o.Completed(slot, wait.Begin) is not null)
            && wait.End.Index > wait.Begin.Index + 1),
        // One that it named as done has failed, and is reported all the same.
        ["WAIT-09"] = o => Waited(o).Any(wait => Operands.Of(o.Expression(wait.End)!).Where(child => Done(wait.End).Contains(child.Slot))
            .SelectMany(child => child.Failures(o, o.Lines[0])).Any(failure => CombinatorRules.IsUnretrieved(o, failure))),
        ["WAIT-10"] = o => CombinatorRules.Requests(o, "wait").Any(request => Operands.Of(request.Node).Any(child => child.Survives(o, request.Line))),
    };

    /// <summary>Waits of that kind that ended with a value or an error, from the await on.</summary>
    private static IEnumerable<(Line Begin, Line End)> Ended(Observation o, string verb, string kind = "wait_for")
        => o.Events(verb).Where(line => o.Expression(line)?.Kind() == kind).Select(end => (o.Begin(end)!, end)).Where(wait => wait.Item1 is not null);

    private static IEnumerable<(Line Begin, Line End)> Waited(Observation o) => Ended(o, "got", "wait");

    private static IEnumerable<(Line Begin, Line End)> TimedOut(Observation o) => Ended(o, "threw").Where(wait => wait.End.Last.StartsWith("Timeout", StringComparison.Ordinal));

    /// <summary>Waits with the result of a future that a timer completed at their deadline, and where that timer was registered.</summary>
    private static IEnumerable<(Line Begin, Line Registered)> AtDeadline(Observation o)
    {
        foreach (var (begin, end) in Ended(o, "got"))
        {
            if (Timeout(o, end) is > 0 and var t && begin.Time + t == end.Time && o.Expression(end)!["of"] is JsonValue inner
                && o.Completed(inner.GetValue<string>(), end) is { } done && done.Time == end.Time
                && o.Before(done).LastOrDefault(line => line.Verb is "call_later" or "call_at" && line.Last == done.Frame) is { } registered)
                yield return (begin, registered);
        }
    }

    /// <summary>The timeout of the wait that a line is about.</summary>
    private static double? Timeout(Observation o, Line line) => o.Expression(line)!.NumberOrNull("t");

    /// <summary>The id of the body that it was given as a coroutine.</summary>
    private static string? Body(Observation o, Line line) => o.Expression(line)!["of"] is JsonObject body && body.Kind() == "call" ? body.Text("id") : null;

    /// <summary>Requests to a task that awaits a wait_for.</summary>
    private static IEnumerable<Line> InWait(Observation o) => o.Events("cancel").Where(line => line.Last == "true" && o.AwaitsKind(line.Subject, line) == "wait_for");

    /// <summary>The slot of what the cancelled task's wait_for waits for.</summary>
    private static string? Inner(Observation o, Line line) => (o.ExpressionOf(o.Awaits(line.Subject, line)!, line)?["of"] as JsonValue)?.GetValue<string>();

    private static string[] Done(Line got)
    {
        var text = got.Text[(got.Text.IndexOf("done [", StringComparison.Ordinal) + 6)..];
        return text[..text.IndexOf(']', StringComparison.Ordinal)].Split(", ", StringSplitOptions.RemoveEmptyEntries);
    }
}
