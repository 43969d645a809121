using System.Globalization;
using System.Text.Json.Nodes;

namespace AsyncioSharp.Oracle.Language;

/// <summary>
/// Reading a scenario. The JSON text is the syntax tree: generator, interpreters and shrinker work on the same nodes, and nothing is
/// translated on the way. <see cref="Grammar"/> says which fields a node has.
/// </summary>
public static class Syntax
{
    /// <summary>The word that says what a statement is ("op") or an expression ("x").</summary>
    /// <param name="node">A statement or an expression.</param>
    /// <returns>The word.</returns>
    public static string Kind(this JsonObject node) => node.TextOrNull("op") ?? node.Text("x");

    public static bool Has(this JsonObject node, string field) => node.ContainsKey(field);

    public static string Text(this JsonObject node, string field)
        => node.TextOrNull(field) ?? throw new FormatException($"'{field}' is missing in {node.ToJsonString()}");

    public static string? TextOrNull(this JsonObject node, string field) => node[field]?.GetValue<string>();

    public static JsonNode Node(this JsonObject node, string field)
        => node[field] ?? throw new FormatException($"'{field}' is missing in {node.ToJsonString()}");

    public static JsonObject Object(this JsonObject node, string field) => node.Node(field).AsObject();

    public static JsonArray Array(this JsonObject node, string field) => node.Node(field).AsArray();

    public static JsonArray ArrayOrEmpty(this JsonObject node, string field) => node[field]?.AsArray() ?? [];

    /// <summary>A number, whether the node was read from text or made by the generator, where it may be of any numeric type.</summary>
    /// <param name="node">A literal.</param>
    /// <returns>Its value.</returns>
    public static double Number(this JsonNode node) => double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture);

    public static double Number(this JsonObject node, string field) => node.Node(field).Number();

    public static double? NumberOrNull(this JsonObject node, string field) => node[field]?.Number();

    public static int Count(this JsonObject node, string field) => (int)node.Node(field).Number();

    public static bool Flag(this JsonObject node, string field) => node[field]?.GetValue<bool>() ?? false;

    /// <summary>A literal: an integer, a text, or null.</summary>
    /// <param name="node">A statement or an expression.</param>
    /// <param name="field">Its field.</param>
    /// <returns>The value as an object.</returns>
    public static object? Value(this JsonObject node, string field) => node[field] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out string? text) => text,
        JsonValue value => (int)value.Number(),
        var other => throw new FormatException($"{other.ToJsonString()} is no literal"),
    };

    public static IEnumerable<JsonObject> Statements(this JsonArray block) => block.Select(statement => statement!.AsObject());
}
