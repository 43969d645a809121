using System.Text.Json.Nodes;

namespace AsyncioSharp.Oracle.Language;

/// <summary>What a field of a statement or an expression holds.</summary>
public enum Shape
{
    /// <summary>The name of a slot, or "self".</summary>
    Slot,

    /// <summary>The id of a body, a callback, a variable or a token, a name, or a message.</summary>
    Word,

    /// <summary>An awaitable: the name of a slot, or an object with "x".</summary>
    Expression,

    /// <summary>An array of expressions.</summary>
    Expressions,

    /// <summary>An array of statements.</summary>
    Block,

    /// <summary>An array of statements that do not wait, for callbacks.</summary>
    Callback,

    /// <summary>An integer, a text or null.</summary>
    Value,

    /// <summary>A number of seconds: a multiple of 1/8, so that both clocks are exact.</summary>
    Seconds,

    /// <summary>Seconds or null.</summary>
    Timeout,

    /// <summary>A small positive integer.</summary>
    Count,

    /// <summary>True or false.</summary>
    Flag,

    /// <summary>A kind of exception.</summary>
    Error,

    /// <summary>What an <c>except</c> catches.</summary>
    Catch,

    /// <summary>When <c>wait</c> returns.</summary>
    Mode,
}

/// <summary>A field of a node.</summary>
/// <param name="Name">Its name in JSON.</param>
/// <param name="Shape">What it holds.</param>
/// <param name="IsOptional">It may be missing.</param>
public sealed record Field(string Name, Shape Shape, bool IsOptional = false);

/// <summary>
/// The scenario language: every statement and expression with its fields. docs/oracle.md says what they do. The shrinker knows from here what
/// may be left out, and whatever is read from outside is checked against it first.
/// </summary>
public static class Grammar
{
    private static readonly Field Of = new("of", Shape.Slot);
    private static readonly Field Message = new("msg", Shape.Word, IsOptional: true);

    /// <summary>Statements, by "op".</summary>
    public static IReadOnlyDictionary<string, Field[]> Statements { get; } = new Dictionary<string, Field[]>
    {
        ["let"] = [new("slot", Shape.Word), new("be", Shape.Expression)],
        ["await"] = [new("of", Shape.Expression), new("see", Shape.Flag, true)],
        ["each"] = [Of],
        ["try"] = [new("do", Shape.Block), new("on", Shape.Catch, true), new("handle", Shape.Block, true), new("reraise", Shape.Flag, true), new("finally", Shape.Block, true)],
        ["repeat"] = [new("times", Shape.Count), new("do", Shape.Block)],
        ["return"] = [new("v", Shape.Value, true)],
        ["raise"] = [new("e", Shape.Error), Message],
        ["mark"] = [new("v", Shape.Value)],
        ["cancel"] = [Of, Message],
        ["uncancel"] = [Of],
        ["cancelling"] = [Of],
        ["set_result"] = [Of, new("v", Shape.Value, true)],
        ["set_exception"] = [Of, new("e", Shape.Error), Message],
        ["state"] = [Of],
        ["result"] = [Of],
        ["exception"] = [Of],
        ["add_callback"] = [Of, new("cb", Shape.Word), new("do", Shape.Callback)],
        ["remove_callback"] = [Of, new("cb", Shape.Word)],
        ["call_soon"] = [new("slot", Shape.Word, true), new("cb", Shape.Word), new("do", Shape.Callback)],
        ["call_later"] = [new("slot", Shape.Word, true), new("cb", Shape.Word), new("s", Shape.Seconds), new("do", Shape.Callback)],
        ["call_at"] = [new("slot", Shape.Word, true), new("cb", Shape.Word), new("s", Shape.Seconds), new("do", Shape.Callback)],
        ["cancel_handle"] = [Of],
        ["set_var"] = [new("var", Shape.Word), new("v", Shape.Value), new("token", Shape.Word, true)],
        ["get_var"] = [new("var", Shape.Word)],
        ["reset_var"] = [new("token", Shape.Word)],
        ["name"] = [Of],
        ["set_name"] = [Of, new("v", Shape.Word)],
        ["tasks"] = [],
        ["current"] = [],
        ["close"] = [Of],
    };

    /// <summary>Expressions, by "x".</summary>
    public static IReadOnlyDictionary<string, Field[]> Expressions { get; } = new Dictionary<string, Field[]>
    {
        ["call"] = [new("id", Shape.Word), new("do", Shape.Block), new("guard", Shape.Flag, true)],
        ["sleep"] = [new("s", Shape.Seconds), new("v", Shape.Value, true)],
        ["future"] = [],
        ["task"] = [new("of", Shape.Expression), new("name", Shape.Word, true)],
        ["ensure"] = [new("of", Shape.Expression)],
        ["shield"] = [new("of", Shape.Expression)],
        ["gather"] = [new("of", Shape.Expressions), new("outcomes", Shape.Flag, true)],
        ["wait"] = [new("of", Shape.Expressions), new("t", Shape.Timeout, true), new("mode", Shape.Mode, true)],
        ["wait_for"] = [new("of", Shape.Expression), new("t", Shape.Timeout, true)],
        ["as_completed"] = [new("of", Shape.Expressions), new("t", Shape.Timeout, true)],
        ["next"] = [Of],
    };

    /// <summary>What a word may be.</summary>
    public static IReadOnlyDictionary<Shape, string[]> Words { get; } = new Dictionary<Shape, string[]>
    {
        [Shape.Error] = ["boom", "cancelled", "timeout"],
        [Shape.Catch] = ["any", "boom", "cancelled", "error", "timeout"],
        [Shape.Mode] = ["all", "exception", "first"],
    };

    private static readonly HashSet<string> Waiting = ["await", "each", "try", "repeat", "return"];

    /// <summary>Throws if a scenario is not one.</summary>
    /// <param name="scenario">An object with the block "main".</param>
    /// <exception cref="FormatException">What is wrong, and where.</exception>
    public static void Check(JsonObject scenario)
    {
        if (scenario.Count != 1)
            throw new FormatException("A scenario is an object with one field, 'main'.");
        CheckBlock(scenario.Array("main"), isCallback: false, mayReturn: true);
    }

    /// <summary>The fields of a node, which the node's kind decides.</summary>
    /// <param name="node">A statement or an expression.</param>
    /// <returns>Its fields.</returns>
    public static Field[] FieldsOf(JsonObject node)
    {
        var table = node.ContainsKey("op") ? Statements : Expressions;
        return table.TryGetValue(node.Kind(), out var fields) ? fields : throw new FormatException($"'{node.Kind()}' is unknown: {node.ToJsonString()}");
    }

    private static void CheckBlock(JsonArray block, bool isCallback, bool mayReturn)
    {
        foreach (var statement in block.Statements())
        {
            var op = statement.Text("op");
            if (isCallback && Waiting.Contains(op))
                throw new FormatException($"A callback cannot '{op}'.");
            if (!mayReturn && op == "return")
                throw new FormatException("'finally' cannot return.");
            CheckNode(statement, mayReturn && op != "call");
            if (op == "try" && statement.Has("on") != statement.Has("handle"))
                throw new FormatException("'on' and 'handle' belong together.");
            if (op == "let" && statement["be"] is JsonObject be && be.Kind() == "sleep" && be.Number("s") <= 0)
                throw new FormatException("sleep(0) is one shared coroutine in AsyncioSharp (python-differences.md) and cannot be kept in a slot.");
        }
    }

    private static void CheckNode(JsonObject node, bool mayReturn)
    {
        var fields = FieldsOf(node);
        foreach (var (name, value) in node)
        {
            if (name is "op" or "x")
                continue;
            var field = fields.FirstOrDefault(field => field.Name == name) ?? throw new FormatException($"'{node.Kind()}' has no '{name}'.");
            CheckField(node, field, value, mayReturn);
        }
        if (fields.FirstOrDefault(field => !field.IsOptional && !node.Has(field.Name)) is { } missing)
            throw new FormatException($"'{node.Kind()}' needs '{missing.Name}'.");
    }

    private static void CheckField(JsonObject node, Field field, JsonNode? value, bool mayReturn)
    {
        switch (field.Shape)
        {
            case Shape.Expression:
                CheckExpression(value);
                break;
            case Shape.Expressions:
                foreach (var child in value!.AsArray())
                    CheckExpression(child);
                break;
            case Shape.Block:
                CheckBlock(value!.AsArray(), isCallback: false, node.Kind() == "call" || (mayReturn && field.Name != "finally"));
                break;
            case Shape.Callback:
                CheckBlock(value!.AsArray(), isCallback: true, mayReturn: false);
                break;
            case Shape.Seconds or Shape.Timeout when value is not null:
                if (value.Number() * 8 % 1 != 0)
                    throw new FormatException($"{value} s is not a multiple of 1/8 s.");
                break;
            case Shape.Error or Shape.Catch or Shape.Mode:
                if (!Words[field.Shape].Contains(value!.GetValue<string>()))
                    throw new FormatException($"'{field.Name}' cannot be '{value}'.");
                break;
            case Shape.Slot or Shape.Word:
                if (value!.GetValue<string>().Length == 0)
                    throw new FormatException($"'{field.Name}' is empty.");
                break;
            default:
                break;
        }
    }

    private static void CheckExpression(JsonNode? expression)
    {
        if (expression is JsonObject node)
            CheckNode(node, mayReturn: true);
        else if (expression?.GetValueKind() != System.Text.Json.JsonValueKind.String)
            throw new FormatException($"{expression?.ToJsonString() ?? "null"} is no expression.");
    }
}
