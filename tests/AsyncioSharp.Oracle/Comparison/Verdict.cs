using AsyncioSharp.Oracle.Recording;

namespace AsyncioSharp.Oracle.Comparison;

/// <summary>What came of comparing a trace with CPython's.</summary>
/// <param name="IsMatch">Nothing is left unexplained.</param>
/// <param name="Rules">The rules that explain why it differs from stock CPython; empty if it does not.</param>
/// <param name="Expected">What the trace was to be.</param>
public sealed record Verdict(bool IsMatch, IReadOnlyList<string> Rules, IReadOnlyList<string> Expected)
{
    /// <summary>What kind of mismatch it is: the first lines that differ, without times and names. Null for a match.</summary>
    /// <param name="ours">AsyncioSharp's trace.</param>
    /// <returns>For instance "got / threw Cancelled".</returns>
    public string? DifferenceFrom(IReadOnlyList<string> ours)
    {
        if (IsMatch)
            return null;
        int at = 0;
        while (at < ours.Count && at < Expected.Count && ours[at] == Expected[at])
            at++;
        return $"{KindOf(ours.ElementAtOrDefault(at))} / {KindOf(Expected.ElementAtOrDefault(at))}";
    }

    /// <summary>
    /// Compares line by line. A trace that differs from stock CPython must be, to the last line, the trace of CPython with the choices of
    /// section 20, and each choice that made a difference must be in the table. A difference that no rule is named for is a mismatch.
    /// </summary>
    /// <param name="ours">AsyncioSharp's trace.</param>
    /// <param name="answer">CPython's answer.</param>
    /// <returns>The verdict.</returns>
    public static Verdict Of(IReadOnlyList<string> ours, Answer answer)
    {
        foreach (var rule in answer.Rules)
            _ = ExplainingRules.Find(rule);
        return answer.IsExplained
            ? new(ours.SequenceEqual(answer.Adjusted), answer.Rules, answer.Adjusted)
            : new(ours.SequenceEqual(answer.Stock), [], answer.Stock);
    }

    // The verb of a line, and the kind of error that it tells.
    private static string KindOf(string? line)
    {
        if (line is null)
            return "nothing";
        var words = line.Split(' ');
        var verb = words[0] is "end" or "unretrieved" or "clock" ? words[0] : words.ElementAtOrDefault(2);
        var error = words.SkipWhile(word => word != "!").ElementAtOrDefault(1)?.Split('(')[0];
        return error is null ? verb ?? line : $"{verb} {error}";
    }
}
