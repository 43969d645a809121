using System.Text.RegularExpressions;
using AsyncioSharp.Oracle.Recording;

namespace AsyncioSharp.Oracle.Coverage;

/// <summary>
/// Which rules of docs/semantics.md scenarios exercise. A rule counts only where its situation happened, as scenario and trace tell, not where
/// its statement stands; the conflicts of section 20 count where a choice made a difference.
/// </summary>
public static partial class RuleCoverage
{
    /// <summary>How often each rule occurs; 0 for those that are recognised and do not.</summary>
    /// <param name="recorded">Scenarios with their traces.</param>
    /// <returns>Rule to number of scenarios.</returns>
    public static IReadOnlyDictionary<string, int> Count(IEnumerable<Recorded> recorded)
    {
        var situations = CoreRules.All.Concat(CancellationRules.All).Concat(CombinatorRules.All).ToList();
        var counts = new SortedDictionary<string, int>(situations.ToDictionary(situation => situation.Key, _ => 0), StringComparer.Ordinal);
        foreach (var one in recorded)
        {
            var observation = new Observation(one.Scenario, one.New.Adjusted);
            foreach (var (rule, happened) in situations)
                counts[rule] += happened(observation) ? 1 : 0;
            foreach (var rule in one.Old.Rules.Union(one.New.Rules))
                counts[rule] = counts.GetValueOrDefault(rule) + 1;
        }
        return counts;
    }

    /// <summary>The rules of a text such as docs/semantics.md.</summary>
    /// <param name="semantics">The text.</param>
    /// <returns>Their ids, in order.</returns>
    public static IReadOnlyList<string> RulesOf(string semantics) => [.. RuleItem().Matches(semantics).Select(match => match.Groups[1].Value)];

    /// <summary>Why a rule is out of the language's reach; null if it is within.</summary>
    /// <param name="rule">Its id.</param>
    /// <returns>The reason.</returns>
    public static string? WhyUnreachable(string rule)
        => Unreachable.Rules.GetValueOrDefault(rule) ?? Unreachable.Sections.GetValueOrDefault(rule.Split('-')[0]);

    [GeneratedRegex(@"^- \[([A-Z]+-\d+)\]", RegexOptions.Multiline)]
    private static partial Regex RuleItem();
}
