using AsyncioSharp.Oracle.Recording;

namespace AsyncioSharp.Oracle.Comparison;

/// <summary>What came of comparing a trace with CPython's.</summary>
/// <param name="IsMatch">Nothing is left unexplained.</param>
/// <param name="Rules">The rules that explain why it differs from stock CPython; empty if it does not.</param>
/// <param name="Expected">What the trace was to be.</param>
public sealed record Verdict(bool IsMatch, IReadOnlyList<string> Rules, IReadOnlyList<string> Expected)
{
    /// <summary>
    /// Compares line by line. A trace that differs from stock CPython must be, to the last line, the trace of CPython with the choices of
    /// section 20, and each choice that made a difference must be in the table.
    /// </summary>
    /// <param name="ours">AsyncioSharp's trace.</param>
    /// <param name="answer">CPython's answer.</param>
    /// <returns>The verdict.</returns>
    public static Verdict Of(IReadOnlyList<string> ours, Answer answer)
    {
        if (answer.Cut is { } cut)
        {
            var expected = answer.Adjusted.Take(cut).ToList();
            return new(ours.Take(cut).SequenceEqual(expected), [.. answer.Rules, "RING"], expected);
        }
        if (ours.SequenceEqual(answer.Stock) && answer.Rules.All(rule => ExplainingRules.Find(rule).IsEitherRight))
            return new(true, [], answer.Stock);
        return new(ours.SequenceEqual(answer.Adjusted), answer.Rules, answer.Adjusted);
    }
}
