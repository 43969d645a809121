using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Coverage;

/// <summary>How the situations of the rules on cancellation show in a trace.</summary>
internal static class CancellationRules
{
    public static IReadOnlyDictionary<string, Func<Observation, bool>> All { get; } = new Dictionary<string, Func<Observation, bool>>
    {
        ["CAN-01"] = o => o.Events("cancel").Any(line => line.Last == "false" && IsTask(o, line)),
        ["CAN-02"] = o => Requests(o).Any(line => o.AwaitsKind(line.Subject, line) == "future" && o.Completed(o.Awaits(line.Subject, line)!, line) is null),
        ["CAN-03"] = o => Requests(o).Any(line => o.AwaitsKind(line.Subject, line) == "task"),
        // Nothing of the body is ever seen.
        ["CAN-04"] = o => Requests(o).Any(line => o.Filling(line.Subject)?["of"] is JsonObject body && body.Kind() == "call"
            && !o.Lines.Any(other => other.Task == line.Subject) && o.End(line.Subject) == "cancelled"),
        ["CAN-05"] = o => Requests(o).Any(line => o.Awaits(line.Subject, line) is { } awaited
            && o.Completed(awaited, line) is { } done
            && done.Time == line.Time && done.Index > o.LastOf(line.Subject, line)!.Index),
        ["CAN-06"] = o => Requests(o).Any(line => o.Awaits(line.Subject, line) is "sleep 0" or "sleep -1"),
        ["CAN-07"] = o => Own(o).Any(line => o.NextOf(line.Task, line) is { Verb: "await" } next
            && o.NextOf(line.Task, next)?.Text.Contains("Cancelled", StringComparison.Ordinal) == true),
        ["CAN-08"] = o => Own(o).Any(line => o.NextOf(line.Task, line) is { } next && ((next.Starts("leave =") && o.End(line.Task) == "cancelled") || next.Verb == "raise")),
        ["CAN-09"] = o => Observation.Pairs(Requests(o)).Any(pair => pair.First.Subject == pair.Second.Subject
            && !(o.NextOf(pair.First.Subject, pair.First)?.Index < pair.Second.Index)),
        ["CAN-10"] = o => o.Lines.Any(line => line.Starts("caught Cancelled") && o.NextOf(line.Task, line) is { } next && !next.Text.Contains('!', StringComparison.Ordinal)),
        ["CAN-11"] = o => o.Events("threw").Any(line => line.Last.StartsWith("Cancelled(", StringComparison.Ordinal) && o.FilledWith(line.Word(1), line) == "task"),
        // A cancellation has left a body in spite of a handler for all other errors.
        ["CAN-12"] = o => o.Nodes("call").Any(body => o.Lines.Any(line => line.Frame == body.Text("id") && line.Starts("leave ! Cancelled"))
            && body.Array("do").Statements().Any(statement => statement.ArrayOrEmpty("catch").Statements().Any(handler => handler.Text("on") == "error"))),
        ["CAN-14"] = o => o.Events("uncancel").Any(line => line.Last != "n/a"
            && o.Before(line).Any(request => request.Verb == "cancel" && request.Last == "true" && request.Subject == line.Subject)),
        ["CAN-15"] = o => o.Events("cancel").Any(line => line.Last == "true"
            && o.FilledWith(line.Word(1), line) == "future"
            && o.After(line).Any(threw => threw.Starts($"threw {line.Word(1)} ! Cancelled"))),
        ["INS-07"] = o => o.Events("cancelling").Any(line => line.Last is not ("n/a" or "0")),
    };

    /// <summary>Requests to a task by others, that were accepted.</summary>
    private static IEnumerable<Line> Requests(Observation o) => o.Events("cancel").Where(line => line.Last == "true" && line.Subject != line.Task && IsTask(o, line));

    /// <summary>Requests of a task to itself.</summary>
    private static IEnumerable<Line> Own(Observation o) => o.Events("cancel").Where(line => line.Last == "true" && line.Subject == line.Task);

    private static bool IsTask(Observation o, Line line) => line.Word(1) is "self" or "main" || o.FilledWith(line.Word(1), line) == "task";
}
