using System.Text.Json.Nodes;

namespace AsyncioSharp.Oracle.Generation;

/// <summary>Short ways to write the nodes of which <see cref="Motifs"/> are made.</summary>
internal static class Nodes
{
    public static JsonObject Let(string slot, JsonNode be) => new() { ["op"] = "let", ["slot"] = slot, ["be"] = be };

    public static JsonObject Await(JsonNode of, bool see) => see ? new() { ["op"] = "await", ["of"] = of, ["see"] = true } : new() { ["op"] = "await", ["of"] = of };

    public static JsonObject Sleep(double seconds, int? value = null)
        => value is null
            ? new() { ["x"] = "sleep", ["s"] = seconds }
            : new() { ["x"] = "sleep", ["s"] = seconds, ["v"] = value };

    public static JsonObject Call(Func<char, string> name, JsonArray block, int result)
    {
        block.Add(new JsonObject { ["op"] = "return", ["v"] = result });
        return new() { ["x"] = "call", ["id"] = name('b'), ["do"] = block };
    }

    public static JsonObject Task(Func<char, string> name, JsonArray block)
        => new() { ["x"] = "task", ["of"] = new JsonObject { ["x"] = "call", ["id"] = name('b'), ["do"] = block } };

    public static JsonObject Try(JsonArray block, string on = "any", JsonArray? handle = null)
        => new() { ["op"] = "try", ["do"] = block, ["catch"] = new JsonArray(new JsonObject { ["on"] = on, ["do"] = handle ?? [] }) };

    public static JsonObject Repeat(int times, JsonArray block) => new() { ["op"] = "repeat", ["times"] = times, ["do"] = block };

    public static JsonObject Soon(Func<char, string> name, params JsonObject[] block)
        => new() { ["op"] = "call_soon", ["cb"] = name('d'), ["do"] = new JsonArray([.. block]) };

    public static JsonObject Later(Func<char, string> name, double seconds, params JsonObject[] block)
        => new() { ["op"] = "call_later", ["cb"] = name('d'), ["s"] = seconds, ["do"] = new JsonArray([.. block]) };

    public static JsonObject Cancel(SplitMix random, string slot) => new() { ["op"] = "cancel", ["of"] = slot, ["msg"] = random.Pick(["a", "b"]) };

    public static JsonObject End(SplitMix random, string future) => random.Chance(60)
        ? new() { ["op"] = "set_result", ["of"] = future, ["v"] = random.Next(100) }
        : new() { ["op"] = "set_exception", ["of"] = future, ["e"] = "boom", ["msg"] = $"m{random.Next(100)}" };
}
