namespace AsyncioSharp.Benchmarks.Compare;

/// <summary>How a process ended.</summary>
/// <param name="ExitCode">Its status; null if it could not be started, or was stopped since it took too long.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it printed as errors, or why there is no status.</param>
internal sealed record ProcessEnd(int? ExitCode, string Output, string Errors);

/// <summary>What came of one run of a workload by a peer: figures, or a failure; neither, where the peer has no such workload.</summary>
/// <param name="Figures">What it measured.</param>
/// <param name="Failure">The line that says why it failed.</param>
internal sealed record Outcome(IReadOnlyDictionary<string, double>? Figures, string? Failure)
{
    /// <summary>The status by which a peer says that it has no such workload: the one by which tests say that they were skipped.</summary>
    internal const int NoSuchWorkload = 77;

    /// <summary>Tells a peer that failed (it crashed, gave a wrong result, took too long, or printed no figures) from one that has no such workload.</summary>
    internal static Outcome Of(ProcessEnd end)
    {
        if (end.ExitCode == NoSuchWorkload)
        {
            return new Outcome(null, null);
        }
        if (end.ExitCode != 0)
        {
            return new Outcome(null, LastError(end.Errors) ?? $"it ended with status {end.ExitCode} and said nothing");
        }
        return ResultLine.Parse(end.Output) is { Count: > 0 } figures ? new Outcome(figures, null) : new Outcome(null, "it printed no figures");
    }

    // Traces are indented below what they are about, and Rust advises how to get one.
    private static string? LastError(string errors)
        => errors.Split('\n').LastOrDefault(static line => line.Trim().Length > 0 && !char.IsWhiteSpace(line[0]) && !line.StartsWith("note:", StringComparison.Ordinal))?.TrimEnd();
}
