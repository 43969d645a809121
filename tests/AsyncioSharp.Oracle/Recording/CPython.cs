using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Recording;

/// <summary>What CPython did with a scenario.</summary>
/// <param name="Stock">The trace of CPython as it is.</param>
/// <param name="Adjusted">The trace with the choices of section 20; the same list if that makes no difference.</param>
/// <param name="Rules">The rules that made a difference.</param>
/// <param name="IsLatencySeen">Only the latency of wait_for differs (C-07), and it changed more than the order of lines of different tasks.</param>
public sealed record Answer(IReadOnlyList<string> Stock, IReadOnlyList<string> Adjusted, IReadOnlyList<string> Rules, bool IsLatencySeen = false)
{
    /// <summary>False if the traces differ and no rule says why.</summary>
    public bool IsExplained => Rules.Count > 0 || Stock.SequenceEqual(Adjusted);
}

/// <summary>A process that runs oracle.py: scenarios go in, answers come out, any number of times.</summary>
public sealed class CPython : IDisposable
{
    private static readonly Version s_modern = new(3, 13);

    private readonly Process _process;
    private readonly string _executable;

    private CPython(Process process, string executable, string version) => (_process, _executable, Version) = (process, executable, version);

    /// <summary>Such as "3.13".</summary>
    public string Version { get; }

    /// <summary>Starts a process.</summary>
    /// <param name="executable">The path of a Python, or its name on the search path.</param>
    /// <returns>The process, to be disposed of.</returns>
    public static CPython Start(string executable)
    {
        var text = VersionOf(executable);
        if (!System.Version.TryParse(text, out var version) || version < new Version(3, 9))
            throw new ArgumentException($"'{executable}' says that it is Python {Shortened(text)}; oracle.py needs CPython 3.9 or later.");
        var start = new ProcessStartInfo(executable, [Path.Combine(AppContext.BaseDirectory, "oracle.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return new CPython(Process.Start(start)!, executable, text);
    }

    /// <summary>Runs scenarios.</summary>
    /// <param name="scenarios">Scenarios that the grammar allows.</param>
    /// <returns>An answer for each, in the same order.</returns>
    public IReadOnlyList<Answer> Ask(IReadOnlyList<JsonObject> scenarios)
    {
        if (System.Version.Parse(Version) < s_modern && scenarios.FirstOrDefault(Grammar.IsModern) is { } modern)
            throw new ArgumentException($"CPython {Version} lacks something in {Shortened(modern.ToJsonString())}: locks, queues, limits of time and groups need 3.13 or later.");
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
            var line = _process.StandardOutput.ReadLine() ?? throw new IOException($"oracle.py failed on {scenario.ToJsonString()}");
            try
            {
                answers.Add(Parse(line));
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
            {
                throw new IOException($"'{_executable}' gave what oracle.py does not write: {Shortened(line)}");
            }
        }
        writing.GetAwaiter().GetResult();
        return answers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already, and Ask has told so.
        }
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string VersionOf(string executable)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(executable, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]) { RedirectStandardOutput = true })!;
            var text = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? text : throw new ArgumentException($"'{executable}' is no Python that works: it ended with exit code {process.ExitCode}.");
        }
        catch (Win32Exception e)
        {
            throw new ArgumentException($"'{executable}' cannot be started ({e.Message}). --python needs the path of a CPython, or its name on the search path.");
        }
    }

    private static string Shortened(string text) => text.Split('\n')[0] is var line && line.Length > 80 ? line[..80] + "..." : line;

    private static Answer Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        var stock = Lines(root.GetProperty("trace"));
        return new Answer(
            stock,
            root.TryGetProperty("adjusted", out var adjusted) ? Lines(adjusted) : stock,
            root.TryGetProperty("fired", out var fired) ? Lines(fired) : [],
            root.TryGetProperty("seen", out var seen) && seen.GetBoolean());
    }

    private static List<string> Lines(JsonElement array) => [.. array.EnumerateArray().Select(line => line.GetString()!)];
}
