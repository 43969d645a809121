using System.Collections;
using System.Globalization;
using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>How values, exceptions, times and expressions are written in a trace. oracle.py writes them the same way.</summary>
internal static class Texts
{
    public static string Of(Exception exception) => exception switch
    {
        CancelledException { CancelMessage: { Length: > 0 } message } => $"Cancelled({message})",
        CancelledException => "Cancelled",
        Boom boom => $"Boom({boom.Message})",
        TimeoutException => "Timeout",
        InvalidStateException => "InvalidState",
        InvalidOperationException { Message: var message } => OfMisuse(message),
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
        Outcome<object?> outcome => outcome.IsSuccess ? Of(outcome.Value) : Of((object)outcome.Exception!),
        IEnumerable items => $"[{string.Join(", ", items.Cast<object?>().Select(Of))}]",
        _ => value.ToString()!,
    };

    public static string Of(double seconds) => seconds.ToString("0.###", CultureInfo.InvariantCulture);

    public static string Of(Future future) => future.IsCancelled ? "cancelled" : future.IsDone ? "done" : "pending";

    public static string OfExpression(JsonNode expression) => expression is not JsonObject node ? expression.GetValue<string>() : node.Kind() switch
    {
        "call" => $"call {node.Text("id")}",
        "sleep" => $"sleep {Of(node.Number("s"))}",
        "next" => $"next {node.Text("of")}",
        var kind => kind,
    };

    private static string OfMisuse(string message)
        => message.Contains("reuse already awaited", StringComparison.Ordinal) ? "Runtime(reuse)"
        : message.Contains("being awaited already", StringComparison.Ordinal) ? "Runtime(busy)"
        : message.Contains("await on itself", StringComparison.Ordinal) ? "Runtime(itself)"
        : message.Contains("already been used", StringComparison.Ordinal) ? "Runtime(used)"
        : "Runtime";
}
