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

    /// <summary>An array of up to three handlers.</summary>
    Handlers,

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
    private static readonly Field InContext = new("context", Shape.Slot, IsOptional: true);

    /// <summary>Statements, by "op".</summary>
    public static IReadOnlyDictionary<string, Field[]> Statements { get; } = new Dictionary<string, Field[]>
    {
        ["let"] = [new("slot", Shape.Word), new("be", Shape.Expression)],
        ["await"] = [new("of", Shape.Expression), new("see", Shape.Flag, true)],
        ["each"] = [Of, new("slot", Shape.Word, true), new("do", Shape.Block, true)],
        ["try"] = [new("do", Shape.Block), new("catch", Shape.Handlers, true), new("finally", Shape.Block, true)],
        ["repeat"] = [new("times", Shape.Count), new("do", Shape.Block)],
        ["break"] = [],
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
        ["add_callback"] = [Of, new("cb", Shape.Word), new("do", Shape.Callback), InContext],
        ["remove_callback"] = [Of, new("cb", Shape.Word)],
        ["call_soon"] = [new("slot", Shape.Word, true), new("cb", Shape.Word), new("do", Shape.Callback), InContext],
        ["call_later"] = [new("slot", Shape.Word, true), new("cb", Shape.Word), new("s", Shape.Seconds), new("do", Shape.Callback), InContext],
        ["call_at"] = [new("slot", Shape.Word, true), new("cb", Shape.Word), new("s", Shape.Seconds), new("do", Shape.Callback), InContext],
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
        ["task"] = [new("of", Shape.Expression), new("name", Shape.Word, true), InContext],
        ["ensure"] = [new("of", Shape.Expression)],
        ["shield"] = [new("of", Shape.Expression)],
        ["gather"] = [new("of", Shape.Expressions), new("outcomes", Shape.Flag, true)],
        ["wait"] = [new("of", Shape.Expressions), new("t", Shape.Timeout, true), new("mode", Shape.Mode, true)],
        ["wait_for"] = [new("of", Shape.Expression), new("t", Shape.Timeout, true)],
        ["as_completed"] = [new("of", Shape.Expressions), new("t", Shape.Timeout, true)],
        ["next"] = [Of],
        ["context"] = [],
    };

    /// <summary>A handler of a try, which has neither "op" nor "x".</summary>
    public static IReadOnlyList<Field> Handler { get; } = [new("on", Shape.Catch), new("do", Shape.Block), new("reraise", Shape.Flag, true)];

    /// <summary>What a word may be.</summary>
    public static IReadOnlyDictionary<Shape, string[]> Words { get; } = new Dictionary<Shape, string[]>
    {
        [Shape.Error] = ["boom", "cancelled", "timeout"],
        [Shape.Catch] = ["any", "boom", "cancelled", "error", "timeout"],
        [Shape.Mode] = ["all", "exception", "first"],
    };

    private const int MostHandlers = 3; // each is a catch clause of the interpreters

    private static readonly HashSet<string> NotInCallbacks = ["await", "each", "return", "break"];

    /// <summary>Throws if a scenario is not one.</summary>
    /// <param name="scenario">An object with the block "main".</param>
    /// <exception cref="FormatException">What is wrong, and where.</exception>
    public static void Check(JsonObject scenario)
    {
        if (scenario.Count != 1)
            throw new FormatException("A scenario is an object with one field, 'main'.");
        CheckBlock(scenario.Array("main"), Place.Body);
    }

    /// <summary>The fields of a node, which the node's kind decides.</summary>
    /// <param name="node">A statement, an expression or a handler.</param>
    /// <returns>Its fields.</returns>
    public static IReadOnlyList<Field> FieldsOf(JsonObject node)
    {
        if (!node.Has("op") && !node.Has("x"))
            return Handler;
        var table = node.ContainsKey("op") ? Statements : Expressions;
        return table.TryGetValue(node.Kind(), out var fields) ? fields : throw new FormatException($"'{node.Kind()}' is unknown: {node.ToJsonString()}");
    }

    private static void CheckBlock(JsonArray block, Place place)
    {
        foreach (var statement in block.Statements())
        {
            var op = statement.Text("op");
            if (place.IsCallback && NotInCallbacks.Contains(op))
                throw new FormatException($"A callback cannot '{op}'.");
            if (!place.MayReturn && op == "return")
                throw new FormatException("'finally' cannot return.");
            if (!place.MayBreak && op == "break")
                throw new FormatException("'break' stands in 'each' or 'repeat', and not in a 'finally'.");
            CheckNode(statement, place);
            if (op == "let" && statement["be"] is JsonObject be && be.Kind() == "sleep" && be.Number("s") <= 0)
                throw new FormatException("sleep(0) is one shared coroutine in AsyncioSharp (python-differences.md) and cannot be kept in a slot.");
        }
    }

    private static void CheckNode(JsonObject node, Place place)
    {
        var fields = FieldsOf(node);
        foreach (var (name, value) in node)
        {
            if (name is "op" or "x")
                continue;
            var field = fields.FirstOrDefault(field => field.Name == name) ?? throw new FormatException($"'{name}' is none of its fields: {node.ToJsonString()}");
            CheckField(field, value, place.Within(node, field));
        }
        if (fields.FirstOrDefault(field => !field.IsOptional && !node.Has(field.Name)) is { } missing)
            throw new FormatException($"'{missing.Name}' is missing in {node.ToJsonString()}");
    }

    private static void CheckField(Field field, JsonNode? value, Place place)
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
            case Shape.Block or Shape.Callback:
                CheckBlock(value!.AsArray(), place);
                break;
            case Shape.Handlers:
                if (value!.AsArray().Count > MostHandlers)
                    throw new FormatException($"A 'try' has at most {MostHandlers} handlers.");
                foreach (var handler in value.AsArray())
                    CheckNode(handler!.AsObject(), place);
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
            CheckNode(node, Place.Body);
        else if (expression?.GetValueKind() != System.Text.Json.JsonValueKind.String)
            throw new FormatException($"{expression?.ToJsonString() ?? "null"} is no expression.");
    }

    /// <summary>Where a block stands.</summary>
    private sealed record Place(bool IsCallback, bool MayReturn, bool MayBreak)
    {
        public static Place Body { get; } = new(IsCallback: false, MayReturn: true, MayBreak: false);

        /// <summary>Where the field of a node in this block stands.</summary>
        public Place Within(JsonObject node, Field field) => field switch
        {
            { Shape: Shape.Callback } => new(IsCallback: true, MayReturn: false, MayBreak: false),
            { Name: "finally" } => this with { MayReturn = false, MayBreak = false },
            { Name: "do" } when node.Has("op") && node.Kind() is "each" or "repeat" => this with { MayBreak = !IsCallback },
            _ => this,
        };
    }
}
