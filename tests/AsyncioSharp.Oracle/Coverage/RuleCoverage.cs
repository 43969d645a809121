using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AsyncioSharp.Oracle.Recording;

namespace AsyncioSharp.Oracle.Coverage;

/// <summary>
/// Which rules of docs/semantics.md scenarios exercise. A rule counts only where its situation happened, as scenario and trace tell, not where
/// its statement stands. A rule of several verbs or cases has an entry for each, with the case after a slash; the conflicts of section 20 count where a choice made a difference.
/// </summary>
public static partial class RuleCoverage
{
    private static readonly List<KeyValuePair<string, Func<Observation, bool>>> Situations =
        [.. CoreRules.All, .. CancellationRules.All, .. CombinatorRules.All, .. WaitRules.All];

    /// <summary>How often each rule occurs; 0 for those that are recognised and do not.</summary>
    /// <param name="recorded">Scenarios with their traces.</param>
    /// <returns>Rule to number of scenarios.</returns>
    public static IReadOnlyDictionary<string, int> Count(IEnumerable<Recorded> recorded)
    {
        var counts = new SortedDictionary<string, int>(Situations.ToDictionary(situation => situation.Key, _ => 0), StringComparer.Ordinal);
        foreach (var one in recorded)
        {
            foreach (var rule in In(one.Scenario, one.New.Adjusted))
                counts[rule]++;
            foreach (var rule in one.Old.Rules.Union(one.New.Rules))
                counts[rule] = counts.GetValueOrDefault(rule) + 1;
        }
        return counts;
    }

    /// <summary>The rules whose situations a single scenario has.</summary>
    /// <param name="scenario">A scenario that the grammar allows.</param>
    /// <param name="trace">Its trace.</param>
    /// <returns>Their ids.</returns>
    public static IReadOnlySet<string> In(JsonObject scenario, IReadOnlyList<string> trace)
    {
        var observation = new Observation(scenario, trace);
        return Situations.Where(situation => situation.Value(observation)).Select(situation => situation.Key).ToHashSet();
    }

    /// <summary>The rules of a text such as docs/semantics.md.</summary>
    /// <param name="semantics">The text.</param>
    /// <returns>Their ids, in order.</returns>
    public static IReadOnlyList<string> RulesOf(string semantics) => [.. RuleItem().Matches(semantics).Select(match => match.Groups[1].Value)];

    /// <summary>The rule of an entry.</summary>
    /// <param name="entry">A rule's id, or that and a case of it.</param>
    /// <returns>The id.</returns>
    public static string RuleOf(string entry) => entry.Split('/')[0];

    /// <summary>Why a rule is out of the language's reach; null if it is within.</summary>
    /// <param name="rule">Its id.</param>
    /// <returns>The reason.</returns>
    public static string? WhyUnreachable(string rule)
        => Unreachable.Rules.GetValueOrDefault(rule) ?? Unreachable.Sections.GetValueOrDefault(rule.Split('-')[0]);

    [GeneratedRegex(@"^- \[([A-Z]+-\d+)\]", RegexOptions.Multiline)]
    private static partial Regex RuleItem();
}
