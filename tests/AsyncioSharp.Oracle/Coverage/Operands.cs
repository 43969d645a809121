using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Coverage;

/// <summary>What a combinator was given: the name of a slot, or an expression. It says which lines of a trace are its own.</summary>
/// <param name="Node">The expression; null for a slot.</param>
/// <param name="Slot">The slot; null for an expression.</param>
internal sealed record Operand(JsonObject? Node, string? Slot)
{
    /// <summary>A line that it wrote: its task's, or its body's.</summary>
    public bool IsIn(Line line) => Slot is not null ? line.Task == Slot : Node is { } body && body.Kind() == "call" && line.Frame == body.Text("id");

    /// <summary>It was not cancelled by what happened in a line: it ended otherwise, or went on.</summary>
    public bool Survives(Observation o, Line at) => Slot is not null
        ? o.End(Slot) is "done" or "pending" && o.Completed(Slot, at) is null && !o.Before(at).Any(line => line.Task == Slot && line.Verb == "leave")
        : o.After(at).FirstOrDefault(IsIn) is { } next && !next.Text.Contains("Cancelled", StringComparison.Ordinal);

    /// <summary>The errors with which it failed after a line.</summary>
    public IEnumerable<string> Failures(Observation o, Line after)
    {
        var body = Slot is null ? Node : o.Filling(Slot)?["of"] as JsonObject;
        var raised = body?.Kind() == "call"
            ? o.After(after).Where(line => line.Frame == body.Text("id") && line.Starts("leave ! Boom")).Select(line => line.Last)
            : [];
        var set = Slot is not null && o.After(after).Any(line => line.Verb == "set_exception" && line.Word(1) == Slot && line.Last == "ok")
            ? o.Nodes("set_exception").Where(node => node.Text("of") == Slot && node.Text("e") == "boom").Select(node => $"Boom({node.TextOrNull("msg")})")
            : [];
        return raised.Concat(set);
    }
}

/// <summary>The operands of combinators.</summary>
internal static class Operands
{
    /// <summary>Those of one, in order.</summary>
    public static IEnumerable<Operand> Of(JsonObject node)
    {
        var operands = node["of"] is JsonArray several ? several : new JsonArray(node["of"]?.DeepClone());
        return operands.Select(operand => operand is JsonObject expression ? new Operand(expression, null) : new Operand(null, operand!.GetValue<string>()));
    }

    /// <summary>Those of them that are combinators of a kind.</summary>
    public static IEnumerable<JsonObject> Nested(JsonObject node, string kind)
        => Of(node).Select(operand => operand.Node).OfType<JsonObject>().Where(inner => inner.Kind() == kind);
}
