using System.Text.Json;
using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Generation;

/// <summary>
/// Reduces a scenario while something stays true of it. It tries the scenarios that are one step smaller and goes on with the first that
/// still has the property, until none has. The result is minimal: no single step makes it smaller.
/// </summary>
public static class Shrinker
{
    private const int PerQuestion = 40;

    /// <summary>Reduces a scenario.</summary>
    /// <param name="scenario">It has the property.</param>
    /// <param name="have">Which of several scenarios have the property; they are asked for together because a process answers many as fast as one.</param>
    /// <returns>A scenario with the property that has no smaller neighbour with it.</returns>
    public static JsonObject Shrink(JsonObject scenario, Func<IReadOnlyList<JsonObject>, IReadOnlyList<bool>> have)
    {
        int start = 0;    // a step that failed is not tried again before all the others were
        int failed = 0;   // steps in a row
        while (true)
        {
            var steps = Steps(scenario).ToList();
            if (failed >= steps.Count)
                return scenario;
            string text = scenario.ToJsonString();
            int count = Math.Min(PerQuestion, steps.Count - failed);
            var asked = Enumerable.Range(start, count).Select(i => steps[i % steps.Count]()).Where(step => IsSmaller(step.ToJsonString(), text) && IsAllowed(step)).ToList();
            var found = asked.Zip(have(asked)).FirstOrDefault(pair => pair.Second).First;
            if (found is null)
            {
                failed += count;
                start = (start + count) % steps.Count;
            }
            else
            {
                failed = 0;
                scenario = found;
            }
        }
    }

    /// <summary>Shorter, or as long with smaller literals; so no way down is endless.</summary>
    private static bool IsSmaller(string text, string than) => text.Length < than.Length || (text.Length == than.Length && string.CompareOrdinal(text, than) < 0);

    /// <summary>Makes every scenario that is one step smaller. Some of them the grammar refuses.</summary>
    private static IEnumerable<Func<JsonObject>> Steps(JsonObject scenario)
    {
        foreach (var path in Paths(scenario, []))
        {
            foreach (var change in Changes(Follow(scenario, path)))
            {
                yield return () =>
                {
                    var copy = scenario.DeepClone().AsObject();
                    change(Follow(copy, path));
                    return copy;
                };
            }
        }
    }

    /// <summary>The ways to make one node smaller: leave elements out, put a part in the place of the whole, leave out what is optional, take the simplest literal.</summary>
    private static IEnumerable<Action<JsonNode>> Changes(JsonNode node)
    {
        if (node is JsonArray array)
        {
            for (int length = array.Count; length > 0; length /= 2)
            {
                for (int start = 0; start + length <= array.Count; start += length)
                    yield return RemoveRange(start, length);
            }
            for (int i = 0; i < array.Count; i++)
            {
                foreach (var block in InnerBlocks(array[i]))
                    yield return Unwrap(i, block);
            }
        }
        else if (node is JsonObject item && (item.Has("op") || item.Has("x") || item.Has("on")))
        {
            foreach (var field in Grammar.FieldsOf(item).Where(field => item.Has(field.Name)))
            {
                if (field.IsOptional)
                    yield return parent => parent.AsObject().Remove(field.Name);
                if (field.Shape == Shape.Expression)
                {
                    foreach (var inner in InnerExpressions(item[field.Name]))
                        yield return parent => parent[field.Name] = inner.DeepClone();
                }
                if (field.Shape == Shape.Expressions)
                {
                    for (int i = 0; i < item.Array(field.Name).Count; i++)
                    {
                        int index = i;
                        foreach (var inner in InnerExpressions(item.Array(field.Name)[index]))
                            yield return parent => parent[field.Name]![index] = inner.DeepClone();
                    }
                }
                foreach (var literal in SimplestLiterals(field, item[field.Name]))
                    yield return parent => parent[field.Name] = literal.DeepClone();
            }
        }
    }

    private static Action<JsonNode> RemoveRange(int start, int length) => node =>
    {
        for (int i = 0; i < length; i++)
            node.AsArray().RemoveAt(start);
    };

    private static Action<JsonNode> Unwrap(int index, JsonArray block) => node =>
    {
        var array = node.AsArray();
        array.RemoveAt(index);
        for (int i = 0; i < block.Count; i++)
            array.Insert(index + i, block[i]!.DeepClone());
    };

    /// <summary>The blocks that could stand where a statement stands.</summary>
    private static IEnumerable<JsonArray> InnerBlocks(JsonNode? statement)
    {
        if (statement is not JsonObject item || !item.Has("op"))
            yield break;
        foreach (var field in Grammar.FieldsOf(item))
        {
            if (field.Shape is Shape.Block or Shape.Callback && item[field.Name] is JsonArray block)
                yield return block;
            if (field.Shape == Shape.Handlers)
            {
                foreach (var handler in item.ArrayOrEmpty(field.Name).Statements())
                    yield return handler.Array("do");
            }
            if (field.Shape == Shape.Expression && item[field.Name] is JsonObject call && call.Kind() == "call")
                yield return call.Array("do");
        }
    }

    /// <summary>What could stand in the place of an expression: its operands, and an await that does nothing.</summary>
    private static IEnumerable<JsonNode> InnerExpressions(JsonNode? expression)
    {
        if (expression is JsonObject item)
        {
            foreach (var field in Grammar.FieldsOf(item))
            {
                if (field.Shape == Shape.Expression && item[field.Name] is { } operand)
                    yield return operand;
                if (field.Shape == Shape.Expressions)
                {
                    foreach (var child in item.Array(field.Name))
                        yield return child!;
                }
            }
            if (item.Kind() != "sleep")
                yield return new JsonObject { ["x"] = "sleep", ["s"] = 0 };
            if (item.Kind() != "future")
                yield return new JsonObject { ["x"] = "future" };
        }
    }

    private static JsonNode[] SimplestLiterals(Field field, JsonNode? value) => (field.Shape, value?.GetValueKind()) switch
    {
        (Shape.Count, _) => [1],
        (Shape.Seconds or Shape.Timeout, JsonValueKind.Number) => [0, 1],
        (Shape.Value, JsonValueKind.Number) => [0],
        (Shape.Word, _) when field.Name == "msg" => ["m"],
        _ => [],
    };

    private static bool IsAllowed(JsonObject scenario)
    {
        try
        {
            Grammar.Check(scenario);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>The way to every object and array of a tree: field names and indexes.</summary>
    private static IEnumerable<object[]> Paths(JsonNode node, object[] path)
    {
        yield return path;
        var children = node switch
        {
            JsonObject item => item.Select(pair => ((object)pair.Key, pair.Value)),
            JsonArray array => array.Select((child, i) => ((object)i, child)),
            _ => [],
        };
        foreach (var (step, child) in children)
        {
            if (child is JsonObject or JsonArray)
            {
                foreach (var inner in Paths(child, [.. path, step]))
                    yield return inner;
            }
        }
    }

    private static JsonNode Follow(JsonNode node, object[] path)
        => path.Aggregate(node, (at, step) => step is int index ? at[index]! : at[(string)step]!);
}
