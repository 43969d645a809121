using System.Text.Json;
using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Comparison;
using AsyncioSharp.Oracle.Coverage;
using AsyncioSharp.Oracle.Generation;
using AsyncioSharp.Oracle.Interpretation;
using AsyncioSharp.Oracle.Language;
using AsyncioSharp.Oracle.Recording;

namespace AsyncioSharp.Oracle;

/// <summary>What can be asked for on the command line. Each command gives the exit code: 0 if nothing differs.</summary>
internal static class Commands
{
    private const int PerChunk = 500;
    private const int MostShown = 5;
    private const int PlainForEachModern = 2;

    public static int Live(Options options)
    {
        options = options with { Seed = options.Seed ?? (ulong)Random.Shared.NextInt64(1_000_000_000_000) };
        using var python = CPython.Start(options.Python);
        var differing = new List<(ulong Seed, JsonObject Scenario)>();
        int seen = 0;
        var explained = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var chunk in Seeds(options).Chunk(PerChunk))
        {
            var scenarios = chunk.Select(options.Generator).ToList();
            var asking = Task.Run(() => python.Ask(scenarios));
            var traces = ScenarioRun.Traces(scenarios).ToList();
            var answers = asking.GetAwaiter().GetResult();
            for (int i = 0; i < scenarios.Count; i++)
            {
                var verdict = Verdict.Of(traces[i], answers[i]);
                if (!verdict.IsMatch)
                    differing.Add((chunk[i], scenarios[i]));
                seen += answers[i].IsLatencySeen ? 1 : 0;
                foreach (var rule in verdict.IsMatch ? verdict.Rules : [])
                    explained[rule] = explained.GetValueOrDefault(rule) + 1;
            }
        }
        Console.WriteLine($"{options.Count} scenarios from seed {options.Seed} against CPython {python.Version}: {differing.Count} differ");
        foreach (var (rule, count) in explained)
            Console.WriteLine($"{count,6} by {rule} (AsyncioSharp follows {ExplainingRules.Find(rule).Follows}): {ExplainingRules.Find(rule).Applies}");
        if (seen > 0)
            Console.WriteLine($"  in {seen} of those of C-07 more than the order of tasks shows the latency, so that the stock trace says little");
        foreach (var (seed, scenario) in differing.Take(MostShown))
        {
            Console.WriteLine($"\nseed {seed}, reduced:");
            Show(Reduce(python, scenario), python);
        }
        if (differing.Count > MostShown)
            Console.WriteLine($"\nalso seeds {string.Join(' ', differing.Skip(MostShown).Take(50).Select(one => one.Seed))}");
        return differing.Count == 0 ? 0 : 1;
    }

    public static int Generate(Options options)
    {
        foreach (var seed in Seeds(options))
            Console.WriteLine(options.Generator(seed).ToJsonString());
        return 0;
    }

    public static int Run(Options options)
    {
        var scenario = Read(options);
        using var python = CPython.Start(options.Python);
        return Show(scenario, python) ? 0 : 1;
    }

    public static int Shrink(Options options)
    {
        var scenario = Read(options);
        using var python = CPython.Start(options.Python);
        if (Differences(python, [scenario]) is [null])
        {
            Console.WriteLine("Nothing differs.");
            return 0;
        }
        Show(Reduce(python, scenario), python);
        return 1;
    }

    /// <summary>Writes a corpus: what CPython 3.9 and 3.13 do with fresh scenarios, and then with those of FILE, a scenario a line, if there is one.</summary>
    public static int Record(Options options)
    {
        JsonObject[] given = options.File is { } file
            ? [.. File.ReadLines(file)
                .Select((line, i) => (Line: line, Number: i + 1))
                .Where(one => one.Line.Length > 0)
                .Select(one => Checked(one.Line, $"{file}:{one.Number}"))]
            : [];
        using var old = CPython.Start(options.Old ?? throw new ArgumentException("--old needs the path of a CPython 3.9."));
        using var current = CPython.Start(options.Python);
        if ((old.Version, current.Version) is not ("3.9", "3.13"))
            throw new ArgumentException($"The corpus records CPython 3.9 and 3.13, not {old.Version} and {current.Version}.");
        var scenarios = Seeds(options).Select(Generator.Scenario).Concat(given.Where(one => !Grammar.IsModern(one))).ToList();
        var modern = Seeds(options).Take(options.Count / PlainForEachModern).Select(Generator.Modern).Concat(given.Where(Grammar.IsModern)).ToList();
        var asking = Task.Run(() => old.Ask(scenarios));
        var recorded = current.Ask(scenarios).Zip(asking.GetAwaiter().GetResult()).Zip(scenarios, (pair, scenario) => new Recorded(scenario, pair.Second, pair.First))
            .Concat(current.Ask(modern).Zip(modern, (answer, scenario) => new Recorded(scenario, answer, answer))).ToList();
        int unexplained = recorded.RemoveAll(one => !one.Old.IsExplained || !one.New.IsExplained);
        int seen = recorded.RemoveAll(one => one.Old.IsLatencySeen || one.New.IsLatencySeen);
        int disagreeing = recorded.RemoveAll(one => !one.Old.Adjusted.SequenceEqual(one.New.Adjusted));
        Corpus.Write(options.Output, recorded);
        Console.WriteLine(
            $"{recorded.Count} scenarios recorded in {options.Output}, {new FileInfo(options.Output).Length / 1024} KiB; "
            + $"left out because no rule explains stock CPython: {unexplained}, "
            + $"because more than the order shows the latency of wait_for: {seen}, because the versions still disagree: {disagreeing}");
        return 0;
    }

    /// <summary>Replays a corpus without Python, as the tests do, and says which of its scenarios differ.</summary>
    public static int Replay(Options options)
    {
        var recorded = Corpus.Read(options.File ?? Corpus.DefaultPath);
        var traces = ScenarioRun.Traces(recorded.Select(one => one.Scenario)).ToList();
        var differing = Enumerable.Range(0, recorded.Count).Where(i => !Verdict.Of(traces[i], recorded[i].New).IsMatch || !Verdict.Of(traces[i], recorded[i].Old).IsMatch).ToList();
        Console.WriteLine($"{differing.Count} of {recorded.Count} scenarios differ");
        foreach (int i in differing.OrderBy(i => recorded[i].Scenario.ToJsonString().Length).Take(MostShown))
        {
            Console.WriteLine($"\n{recorded[i].Scenario.ToJsonString()}");
            Console.WriteLine(SideBySide.Of(traces[i], Verdict.Of(traces[i], recorded[i].New).Expected));
        }
        return differing.Count == 0 ? 0 : 1;
    }

    /// <summary>Says how often each rule occurs in a corpus, and which do not.</summary>
    public static int Coverage(Options options)
    {
        var counts = RuleCoverage.Count(Corpus.Read(options.File ?? Corpus.DefaultPath));
        foreach (var (rule, count) in counts)
            Console.WriteLine($"{rule,-22} {count,6}");
        Console.WriteLine($"{counts.Values.Count(count => count > 0)} rules and cases are exercised, {counts.Values.Count(count => count == 0)} that could be are not.");
        return counts.Values.All(count => count > 0) ? 0 : 1;
    }

    private static IEnumerable<ulong> Seeds(Options options) => Enumerable.Range(0, options.Count).Select(i => (options.Seed ?? 0) + (ulong)i);

    /// <summary>Reduces a scenario that differs to one that still differs in the same way; another difference is another bug.</summary>
    private static JsonObject Reduce(CPython python, JsonObject scenario)
    {
        var difference = Differences(python, [scenario])[0];
        return Shrinker.Shrink(scenario, candidates => [.. Differences(python, candidates).Select(other => other == difference)]);
    }

    private static List<string?> Differences(CPython python, IReadOnlyList<JsonObject> scenarios)
        => [.. ScenarioRun.Traces(scenarios).Zip(python.Ask(scenarios), (ours, answer) => Verdict.Of(ours, answer).DifferenceFrom(ours))];

    private static bool Show(JsonObject scenario, CPython python)
    {
        var ours = ScenarioRun.Trace(scenario);
        var verdict = Verdict.Of(ours, python.Ask([scenario])[0]);
        Console.WriteLine(scenario.ToJsonString());
        Console.WriteLine(SideBySide.Of(ours, verdict.Expected));
        Console.WriteLine($"{(verdict.IsMatch ? "equal" : "DIFFERENT")}; rules: {(verdict.Rules.Count == 0 ? "none" : string.Join(", ", verdict.Rules))}");
        return verdict.IsMatch;
    }

    private static JsonObject Read(Options options)
    {
        var file = options.File ?? throw new ArgumentException("Which file?");
        return Checked(File.ReadAllText(file), file);
    }

    /// <summary>Reads a scenario that somebody has written; whatever is wrong with it is told in one line, with the place.</summary>
    private static JsonObject Checked(string text, string place)
    {
        try
        {
            var scenario = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
            Grammar.Check(scenario);
            return scenario!.AsObject();
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new FormatException($"{place}: {e.Message}");
        }
    }
}
