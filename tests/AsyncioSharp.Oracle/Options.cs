using System.Globalization;
using System.Text.Json.Nodes;

namespace AsyncioSharp.Oracle;

/// <summary>What the command line says.</summary>
public sealed record Options(
    string Command, string? File = null, int Count = 1000, ulong? Seed = null, string Python = "python3",
    string? Old = null, bool IsModern = false, string Output = "tests/AsyncioSharp.Oracle/corpus.jsonl.br")
{
    public const string Usage = """
        live     [--count N] [--seed N] [--modern] [--python PATH]
                                                           compares N fresh scenarios with CPython, and reduces what differs; without a seed others every time
        generate [--count N] [--seed N] [--modern]         writes scenarios, one a line, from seed 0 unless told otherwise
        run      FILE [--python PATH]                      shows the traces of one scenario side by side
        shrink   FILE [--python PATH]                      reduces a scenario that differs
        replay   [FILE]                                    compares with a corpus, without Python
        coverage [FILE]                                    counts the rules that a corpus exercises
        record   [FILE] [--count N] [--seed N] --old PATH --python PATH [--output FILE]
                                                           records what CPython 3.9 (--old) and 3.13 (--python) do
        --modern: scenarios with primitives, queues, limits of time and groups, for which CPython must be 3.13 or later; of those, record makes half as many as of the others
        """;

    /// <summary>What makes a scenario of a seed.</summary>
    public Func<ulong, JsonObject> Generator => IsModern ? Generation.Generator.Modern : Generation.Generator.Scenario;

    private const int MostScenarios = 10_000_000;

    /// <summary>Reads the command line.</summary>
    /// <param name="args">The words of the command line.</param>
    /// <returns>The options.</returns>
    /// <exception cref="ArgumentException">Something in it is not understood.</exception>
    public static Options Parse(string[] args)
    {
        var options = new Options(args[0]);
        for (int i = 1; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--count" => options with { Count = CountOf(args, ++i) },
                "--seed" => options with { Seed = Number(args, ++i) },
                "--python" => options with { Python = Word(args, ++i) },
                "--modern" => options with { IsModern = true },
                "--old" => options with { Old = Word(args, ++i) },
                "--output" => options with { Output = Word(args, ++i) },
                { } word when word.StartsWith('-') => throw new ArgumentException($"'{word}' is no option.\n{Usage}"),
                { } word => options with { File = word },
            };
        }
        return options;
    }

    private static string Word(string[] args, int i)
        => i < args.Length ? args[i] : throw new ArgumentException($"'{args[i - 1]}' needs a value.");

    private static int CountOf(string[] args, int i)
        => Number(args, i) is var number && number <= MostScenarios ? (int)number : throw new ArgumentException($"'{args[i]}' is too many: at most {MostScenarios}.");

    private static ulong Number(string[] args, int i)
        => ulong.TryParse(Word(args, i), CultureInfo.InvariantCulture, out var number) ? number : throw new ArgumentException($"'{args[i]}' is no number.");
}
