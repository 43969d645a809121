using System.Text.Json;
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

    /// <summary>An integer of 32 bits, a text or null.</summary>
    Value,

    /// <summary>A number of seconds: a multiple of 1/8, so that both clocks are exact.</summary>
    Seconds,

    /// <summary>Seconds or null.</summary>
    Timeout,

    /// <summary>An integer from 1 to 100.</summary>
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

    // What CPython has in this form since 3.13; the other tables below are of all that there is.
    private static readonly Dictionary<string, Field[]> ModernStatements = new()
    {
        ["with"] = [Of, new("do", Shape.Block)],
        ["limit"] = [new("t", Shape.Timeout), new("slot", Shape.Word, true), new("do", Shape.Block)],
        ["group"] = [new("slot", Shape.Word, true), new("do", Shape.Block)],
        ["release"] = [Of],
        ["set"] = [Of],
        ["clear"] = [Of],
        ["notify"] = [Of, new("n", Shape.Count, true)],
        ["put_nowait"] = [Of, new("v", Shape.Value)],
        ["get_nowait"] = [Of],
        ["task_done"] = [Of],
        ["shutdown"] = [Of, new("now", Shape.Flag, true)],
        ["reset"] = [Of],
        ["abort"] = [Of],
        ["reschedule"] = [Of, new("s", Shape.Timeout)],
        ["look"] = [Of],
    };

    private static readonly Dictionary<string, Field[]> ModernExpressions = new()
    {
        ["lock"] = [],
        ["event"] = [],
        ["condition"] = [],
        ["semaphore"] = [new("n", Shape.Count)],
        ["barrier"] = [new("n", Shape.Count)],
        ["queue"] = [new("n", Shape.Count, true), new("lifo", Shape.Flag, true)],
        ["acquire"] = [Of],
        ["wait_at"] = [Of],
        ["get"] = [Of],
        ["put"] = [Of, new("v", Shape.Value)],
        ["join"] = [Of],
    };

    /// <summary>Statements, by "op".</summary>
    public static IReadOnlyDictionary<string, Field[]> Statements { get; } = new Dictionary<string, Field[]>(ModernStatements)
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
    public static IReadOnlyDictionary<string, Field[]> Expressions { get; } = new Dictionary<string, Field[]>(ModernExpressions)
    {
        ["call"] = [new("id", Shape.Word), new("do", Shape.Block), new("guard", Shape.Flag, true)],
        ["sleep"] = [new("s", Shape.Seconds), new("v", Shape.Value, true)],
        ["future"] = [],
        ["task"] = [new("of", Shape.Expression), new("name", Shape.Word, true), InContext, new("group", Shape.Slot, IsOptional: true)],
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
    private const int MostTimes = 100;
    private const int MostSeconds = 100_000; // far beyond the end, and exact
    private const int MostShown = 100;       // characters of what is wrong

    private static readonly HashSet<string> NotInCallbacks = ["await", "each", "return", "break", "with", "limit", "group"];

    /// <summary>Throws if a scenario is not one, whatever else it is: nothing that reads a scenario afterwards fails on its form.</summary>
    /// <param name="scenario">An object with the block "main".</param>
    /// <exception cref="FormatException">What is wrong, and where.</exception>
    public static void Check(JsonNode? scenario)
    {
        if (scenario is not JsonObject { Count: 1 } root || !root.TryGetPropertyValue("main", out var main))
            throw new FormatException("A scenario is an object with one field, 'main'.");
        CheckBlock("$.main", main, Place.Body);
    }

    /// <summary>True if there is anything in it that CPython has in this form since 3.13: locks, queues, limits of time, groups.</summary>
    /// <param name="node">A scenario, or a part of one.</param>
    /// <returns>Whether an older CPython cannot run it.</returns>
    public static bool IsModern(JsonNode? node) => node switch
    {
        JsonObject item => (item.Has("op") && ModernStatements.ContainsKey(item.Kind())) || (item.Has("x") && ModernExpressions.ContainsKey(item.Kind()))
            || item.Has("group") || item.Any(field => IsModern(field.Value)),
        JsonArray array => array.Any(IsModern),
        _ => false,
    };

    /// <summary>The fields of a node, which the node's kind decides.</summary>
    /// <param name="node">A statement, an expression or a handler.</param>
    /// <returns>Its fields.</returns>
    public static IReadOnlyList<Field> FieldsOf(JsonObject node)
    {
        if (!node.Has("op") && !node.Has("x"))
            return Handler;
        return (node.Has("op") ? Statements : Expressions)[node.Kind()];
    }

    private static void CheckBlock(string path, JsonNode? value, Place place)
    {
        foreach (var (at, element) in Elements(path, value, "statements"))
        {
            var statement = Kinded(at, element, "op", Statements);
            var op = statement.Kind();
            if (place.IsCallback && NotInCallbacks.Contains(op))
                throw Wrong(at, $"a callback cannot '{op}'", statement);
            if (!place.MayReturn && op == "return")
                throw Wrong(at, "'finally' cannot return", statement);
            if (!place.MayBreak && op == "break")
                throw Wrong(at, "'break' stands in 'each' or 'repeat', and not in a 'finally'", statement);
            CheckNode(at, statement, Statements[op], place);
            if (op == "let" && statement["be"] is JsonObject be && be.Kind() == "sleep" && be.Number("s") <= 0)
                throw Wrong(at, "sleep(0) is one shared coroutine in AsyncioSharp (python-differences.md) and cannot be kept in a slot", statement);
        }
    }

    private static void CheckExpression(string path, JsonNode? value)
    {
        if (value is JsonObject)
        {
            var expression = Kinded(path, value, "x", Expressions);
            CheckNode(path, expression, Expressions[expression.Kind()], Place.Body);
        }
        else
        {
            CheckWord(path, value, "an expression is an object with 'x', or the name of a slot");
        }
    }

    private static void CheckNode(string path, JsonObject node, IReadOnlyList<Field> fields, Place place)
    {
        foreach (var (name, value) in node)
        {
            if (name is "op" or "x")
                continue;
            var field = fields.FirstOrDefault(field => field.Name == name) ?? throw Wrong(path, $"'{name}' is none of its fields", node);
            CheckField($"{path}.{name}", field, value, place.Within(node, field));
        }
        if (fields.FirstOrDefault(field => !field.IsOptional && !node.Has(field.Name)) is { } missing)
            throw Wrong(path, $"'{missing.Name}' is missing", node);
    }

    private static void CheckField(string path, Field field, JsonNode? value, Place place)
    {
        switch (field.Shape)
        {
            case Shape.Expression:
                CheckExpression(path, value);
                break;
            case Shape.Expressions:
                foreach (var (at, child) in Elements(path, value, "expressions"))
                    CheckExpression(at, child);
                break;
            case Shape.Block or Shape.Callback:
                CheckBlock(path, value, place);
                break;
            case Shape.Handlers:
                var handlers = Elements(path, value, "handlers").ToList();
                if (handlers.Count > MostHandlers)
                    throw Wrong(path, $"a 'try' has at most {MostHandlers} handlers", value);
                foreach (var (at, handler) in handlers)
                    CheckNode(at, handler as JsonObject ?? throw Wrong(at, "a handler is an object", handler), Handler, place);
                break;
            case Shape.Value:
                if (value is not null && value.GetValueKind() != JsonValueKind.String && !IsInteger(value, int.MinValue, int.MaxValue))
                    throw Wrong(path, "a value is an integer of 32 bits, a text or null", value);
                break;
            case Shape.Count:
                if (!IsInteger(value, 1, MostTimes))
                    throw Wrong(path, $"a count is an integer from 1 to {MostTimes}", value);
                break;
            case Shape.Timeout when value is null:
                break;
            case Shape.Seconds or Shape.Timeout:
                if (value?.GetValueKind() != JsonValueKind.Number || !(Math.Abs(value.Number()) <= MostSeconds) || value.Number() * 8 % 1 != 0)
                    throw Wrong(path, $"a time is a multiple of 1/8 s, at most {MostSeconds} s", value);
                break;
            case Shape.Flag:
                if (value?.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False))
                    throw Wrong(path, "a flag is true or false", value);
                break;
            case Shape.Slot or Shape.Word:
                CheckWord(path, value, $"'{field.Name}' is a text that is not empty");
                break;
            default:
                if (value?.GetValueKind() != JsonValueKind.String || !Words[field.Shape].Contains(value.GetValue<string>()))
                    throw Wrong(path, $"'{field.Name}' cannot be '{value?.ToString() ?? "null"}', only one of {string.Join(", ", Words[field.Shape])}", value);
                break;
        }
    }

    private static IEnumerable<(string Path, JsonNode? Element)> Elements(string path, JsonNode? value, string what)
        => value is JsonArray array ? array.Select((element, i) => ($"{path}[{i}]", element)) : throw Wrong(path, $"a list of {what} is expected", value);

    private static JsonObject Kinded(string path, JsonNode? value, string word, IReadOnlyDictionary<string, Field[]> table)
    {
        if (value is not JsonObject node || node.Has("op") == node.Has("x") || !node.TryGetPropertyValue(word, out var kind) || kind?.GetValueKind() != JsonValueKind.String)
            throw Wrong(path, $"an object with '{word}' is expected", value);
        return table.ContainsKey(kind.GetValue<string>()) ? node : throw Wrong(path, $"'{kind}' is unknown", value);
    }

    private static void CheckWord(string path, JsonNode? value, string what)
    {
        if (value?.GetValueKind() != JsonValueKind.String || value.GetValue<string>().Length == 0)
            throw Wrong(path, what, value);
    }

    private static bool IsInteger(JsonNode? value, int least, int most)
        => value?.GetValueKind() == JsonValueKind.Number && value.Number() is var number && number % 1 == 0 && number >= least && number <= most;

    private static FormatException Wrong(string path, string what, JsonNode? value)
    {
        var text = value?.ToJsonString() ?? "null";
        return new($"{path}: {what}: {(text.Length <= MostShown ? text : text[..MostShown] + "...")}");
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
