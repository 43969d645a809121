using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Recording;

/// <summary>A scenario with what two CPythons did with it.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Old">CPython 3.9's answer; for what it lacks (<see cref="Grammar.IsModern"/>), 3.13's.</param>
/// <param name="New">CPython 3.13's answer.</param>
public sealed record Recorded(JsonObject Scenario, Answer Old, Answer New);

/// <summary>
/// The recorded scenarios: a line that says which oracle.py, with its modules, recorded them, then one JSON object a line; compressed. With the choices of section 20
/// both CPythons do the same, so there is one expected trace; a stock trace is written only if it is another one.
/// </summary>
public static class Corpus
{
    /// <summary>The file beside the assembly.</summary>
    public static string DefaultPath => Path.Combine(AppContext.BaseDirectory, "corpus.jsonl.br");

    /// <summary>Reads a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <returns>What was recorded, in order.</returns>
    public static IReadOnlyList<Recorded> Read(string path)
    {
        using var reader = Open(path);
        try
        {
            reader.ReadLine();
            var recorded = new List<Recorded>();
            while (reader.ReadLine() is { } line)
                recorded.Add(Parse(JsonNode.Parse(line)!.AsObject()));
            return recorded;
        }
        catch (Exception e) when (e is InvalidOperationException or InvalidDataException or JsonException or NullReferenceException)
        {
            throw new FormatException($"{path} is no corpus, or one that was not written to its end: {e.Message}");
        }
    }

    /// <summary>The hash of the oracle.py and its modules with which a file was recorded: its first line.</summary>
    /// <param name="path">Where it is.</param>
    /// <returns>The hash, as <see cref="HashOf"/> gives it.</returns>
    public static string RecordedWith(string path)
    {
        using var reader = Open(path);
        return reader.ReadLine() ?? "";
    }

    /// <summary>The text of oracle.py and its modules, which lie beside the assembly; line ends are those of Unix.</summary>
    /// <returns>All of it.</returns>
    public static string Program()
        => string.Concat(Directory.GetFiles(AppContext.BaseDirectory, "*.py").Order(StringComparer.Ordinal)
            .Select(static file => $"# {Path.GetFileName(file)}\n{File.ReadAllText(file).ReplaceLineEndings("\n")}"));

    /// <summary>A hash of that text.</summary>
    /// <returns>A line.</returns>
    public static string HashOf()
    {
        var text = Program();
        return $"oracle.py {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
    }

    /// <summary>Writes a file.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="recorded">What to write.</param>
    public static void Write(string path, IEnumerable<Recorded> recorded)
    {
        using var file = File.Create(path);
        using var writer = new StreamWriter(new BrotliStream(file, CompressionLevel.SmallestSize), new UTF8Encoding(false)) { NewLine = "\n" };
        writer.WriteLine(HashOf());
        foreach (var one in recorded)
            writer.WriteLine(Text(one));
    }

    private static StreamReader Open(string path) => new(new BrotliStream(File.OpenRead(path), CompressionMode.Decompress), Encoding.UTF8);

    private static string Text(Recorded one)
    {
        var expected = one.New.Adjusted;
        var node = new JsonObject { ["scenario"] = one.Scenario.DeepClone(), ["expected"] = Joined(expected) };
        if (!Grammar.IsModern(one.Scenario))
            Add(node, "3.9", one.Old, expected);
        Add(node, "3.13", one.New, expected);
        return node.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    private static void Add(JsonObject node, string version, Answer answer, IReadOnlyList<string> expected)
    {
        if (!answer.Stock.SequenceEqual(expected))
            node[version] = Joined(answer.Stock);
        if (answer.Rules.Count > 0)
            node[version + " rules"] = string.Join(' ', answer.Rules);
    }

    private static Recorded Parse(JsonObject node)
    {
        var expected = Split(node, "expected")!;
        var scenario = node["scenario"]!.AsObject();
        return new(scenario, Answer(node, Grammar.IsModern(scenario) ? "3.13" : "3.9", expected), Answer(node, "3.13", expected));
    }

    private static Answer Answer(JsonObject node, string version, IReadOnlyList<string> expected) => new(
        Split(node, version) ?? expected,
        expected,
        node[version + " rules"]?.GetValue<string>().Split(' ') ?? []);

    private static string Joined(IReadOnlyList<string> lines) => string.Join('\n', lines);

    private static string[]? Split(JsonObject node, string field) => node[field]?.GetValue<string>().Split('\n');
}
