using System.Collections;
using System.Globalization;
using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>How values, exceptions, times and expressions are written in a trace. oracle.py writes them the same way.</summary>
internal static class Texts
{
    /// <summary>The kind, with what tells library errors of a kind apart, and the cause.</summary>
    public static string Of(Exception exception) => exception is TaskGroupException group ? $"Group[{string.Join(", ", group.InnerExceptions.Select(Of))}]"
        : exception.InnerException is { } cause ? $"{KindOf(exception)}<-{Of(cause)}" : KindOf(exception);

    private static string KindOf(Exception exception) => exception switch
    {
        QueueEmptyException or QueueFullException or QueueShutDownException or BrokenBarrierException => exception.GetType().Name[..^"Exception".Length],
        CancelledException { CancelMessage: { Length: > 0 } message } => $"Cancelled({message})",
        CancelledException => "Cancelled",
        Boom boom => $"Boom({boom.Message})",
        TimeoutException => "Timeout",
        InvalidStateException e => e.Message.Contains("Result is not", StringComparison.Ordinal) ? "InvalidState(result)"
            : e.Message.Contains("Exception is not", StringComparison.Ordinal) ? "InvalidState(exception)"
            : "InvalidState(done)",
        InvalidOperationException e => OfMisuse(e.Message),
        ArgumentException => "Value",
        _ => exception.GetType().Name,
    };

    public static string Of(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text => text,
        int number => number.ToString(CultureInfo.InvariantCulture),
        Exception exception => "!" + Of(exception),
        AsyncReleaser => "null", // it has no meaning here: scenarios release by name
        Outcome<object?> outcome => outcome.IsSuccess ? Of(outcome.Value) : Of((object)outcome.Exception!),
        IEnumerable items => $"[{string.Join(", ", items.Cast<object?>().Select(Of))}]",
        _ => value.ToString()!,
    };

    public static string OfTime(double? seconds) => seconds is { } time ? Of(time) : "null";

    public static string Of(double seconds) => seconds.ToString("0.###", CultureInfo.InvariantCulture);

    public static string Of(Future future) => future.IsCancelled ? "cancelled" : future.IsDone ? "done" : "pending";

    /// <summary>
    /// One word, which tells the operands too, so that a line of the trace names the node that it is about; the simplest kinds are two words.
    /// </summary>
    /// <param name="expression">The name of a slot, or an expression.</param>
    /// <param name="space">What stands between the two words of a simple kind.</param>
    public static string OfExpression(JsonNode expression, char space = ' ') => expression is not JsonObject node ? expression.GetValue<string>() : node.Kind() switch
    {
        "call" => $"call{space}{node.Text("id")}",
        "sleep" => $"sleep{space}{Of(node.Number("s"))}",
        "next" => $"next{space}{node.Text("of")}",
        "future" or "context" or "lock" or "event" or "condition" => node.Kind(),
        "semaphore" or "barrier" or "queue" => $"{node.Kind()}({(node.Has("n") ? node.Count("n") : 0).ToString(CultureInfo.InvariantCulture)}{(node.Flag("lifo") ? ",lifo" : "")})",
        _ => $"{node.Kind()}({string.Join(',', Operands(node))})",
    };

    private static IEnumerable<string> Operands(JsonObject node)
    {
        var operands = node["of"] is JsonArray several ? several.ToList() : [node["of"]];
        foreach (var operand in operands)
            yield return OfExpression(operand!, ':');
        foreach (var field in new[] { "v", "t", "mode", "outcomes", "context", "group" })
        {
            if (!node.Has(field))
                continue;
            string text = node[field] is not { } value ? "null"
                : field == "t" ? Of(value.Number())
                : field == "v" ? Of(node.Value(field))
                : field == "outcomes" ? Of((object)node.Flag(field))
                : value.GetValue<string>();
            yield return $"{field}={text}";
        }
    }

    private static string OfMisuse(string message)
        => message.Contains("reuse already awaited", StringComparison.Ordinal) ? "Runtime(reuse)"
        : message.Contains("being awaited already", StringComparison.Ordinal) ? "Runtime(busy)"
        : message.Contains("await on itself", StringComparison.Ordinal) ? "Runtime(itself)"
        : message.Contains("already been used", StringComparison.Ordinal) ? "Runtime(used)"
        : "Runtime";
}
