using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AsyncioSharp.Oracle.Recording;

/// <summary>What CPython did with a scenario.</summary>
/// <param name="Stock">The trace of CPython as it is.</param>
/// <param name="Adjusted">The trace with the choices of section 20; the same list if that makes no difference.</param>
/// <param name="Rules">The rules that made a difference.</param>
/// <param name="Cut">How many lines count, if CPython failed by itself after them; null if all do.</param>
public sealed record Answer(IReadOnlyList<string> Stock, IReadOnlyList<string> Adjusted, IReadOnlyList<string> Rules, int? Cut);

/// <summary>A process that runs oracle.py: scenarios go in, answers come out, any number of times.</summary>
public sealed class CPython : IDisposable
{
    private readonly Process _process;

    private CPython(Process process, string version) => (_process, Version) = (process, version);

    /// <summary>Such as "3.13".</summary>
    public string Version { get; }

    /// <summary>Starts a process.</summary>
    /// <param name="executable">The path of a Python, or its name on the search path.</param>
    /// <returns>The process, to be disposed of.</returns>
    public static CPython Start(string executable)
    {
        var version = Process.Start(new ProcessStartInfo(executable, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]) { RedirectStandardOutput = true })!;
        var text = version.StandardOutput.ReadToEnd().Trim();
        version.WaitForExit();
        if (version.ExitCode != 0)
            throw new InvalidOperationException($"'{executable}' is no Python that works.");
        var start = new ProcessStartInfo(executable, [Path.Combine(AppContext.BaseDirectory, "oracle.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return new CPython(Process.Start(start)!, text);
    }

    /// <summary>Runs scenarios.</summary>
    /// <param name="scenarios">Scenarios that the grammar allows.</param>
    /// <returns>An answer for each, in the same order.</returns>
    public IReadOnlyList<Answer> Ask(IReadOnlyList<JsonObject> scenarios)
    {
        // Written by another thread: both pipes would fill up if nobody read while we write.
        var writing = Task.Run(() =>
        {
            foreach (var scenario in scenarios)
                _process.StandardInput.WriteLine(scenario.ToJsonString());
            _process.StandardInput.Flush();
        });
        var answers = new List<Answer>(scenarios.Count);
        foreach (var scenario in scenarios)
        {
            var line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"oracle.py failed on {scenario.ToJsonString()}");
            answers.Add(Parse(line));
        }
        writing.GetAwaiter().GetResult();
        return answers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static Answer Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        var stock = Lines(root.GetProperty("trace"));
        return new Answer(
            stock,
            root.TryGetProperty("adjusted", out var adjusted) ? Lines(adjusted) : stock,
            root.TryGetProperty("fired", out var fired) ? Lines(fired) : [],
            root.TryGetProperty("cut", out var cut) ? cut.GetInt32() : null);
    }

    private static List<string> Lines(JsonElement array) => [.. array.EnumerateArray().Select(line => line.GetString()!)];
}
