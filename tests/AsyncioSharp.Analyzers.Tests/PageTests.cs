using System.Globalization;
using System.Text.RegularExpressions;
using AsyncioSharp.Tests.Infrastructure;
using Microsoft.CodeAnalysis;

namespace AsyncioSharp.Analyzers.Tests;

/// <summary>Each rule has its page, and what the page's examples say of themselves in a comment is what the analyzers say.</summary>
public class PageTests
{
    public static TheoryData<string> Ids => [.. Descriptors().Select(rule => rule.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task The_page_of_a_rule_names_it_and_its_examples_are_true(string id)
    {
        var rule = Descriptors().Single(rule => rule.Id == id);
        string page = await File.ReadAllTextAsync(Path.Combine(Folder(), $"{id}.md"), TestContext.Current.CancellationToken);

        page.ShouldStartWith($"# {id}: {rule.Title}\n");
        rule.Description.ToString(CultureInfo.InvariantCulture).ShouldEndWith($" in docs/analyzers/{id}.md of the package and the repository.");
        rule.HelpLinkUri.ShouldMatch($"^$|^https?://.*/docs/analyzers/{id}.md$"); // none where the repository is not known
        page.ShouldContain($"Severity: {(rule.DefaultSeverity == DiagnosticSeverity.Warning ? "warning" : "suggestion")}.");
        var examples = Regex.Matches(page, "```csharp\n(.*?)```", RegexOptions.Singleline).Select(match => match.Groups[1].Value).ToList();
        examples.ShouldNotBeEmpty();
        foreach (string example in examples)
        {
            var said = example.Split('\n').Index().Where(line => line.Item.Contains("// " + id, StringComparison.Ordinal)).Select(line => line.Index);
            (await new Snippet(example).ReportedLines(id)).ShouldBe(said);
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void The_link_of_a_rule_leads_to_its_page_in_the_repository(string id)
    {
        foreach (string repository in new[] { "https://example.org/us/it", "https://example.org/us/it/", "https://example.org/us/it.git" })
        {
            const string Main = "https://example.org/us/it/blob/main/";
            string link = Rules.LinkTo(id, repository).ShouldNotBeNull();
            link.ShouldStartWith(Main);
            File.Exists(Repository.PathOf(link[Main.Length..])).ShouldBeTrue(link);
        }
        Rules.LinkTo(id, null).ShouldBeNull();
        Rules.LinkTo(id, "").ShouldBeNull();
    }

    [Fact]
    public async Task The_overview_lists_all_rules()
    {
        string overview = await File.ReadAllTextAsync(Path.Combine(Folder(), "README.md"), TestContext.Current.CancellationToken);
        foreach (var rule in Descriptors())
        {
            overview.ShouldContain($"| [{rule.Id}]({rule.Id}.md) | {(rule.DefaultSeverity == DiagnosticSeverity.Warning ? "warning" : "suggestion")} | {rule.Title} |");
        }
    }

    private static IEnumerable<DiagnosticDescriptor> Descriptors()
        => AllAnalyzers.Create().SelectMany(analyzer => analyzer.SupportedDiagnostics).OrderBy(rule => rule.Id, StringComparer.Ordinal);

    private static string Folder() => Repository.PathOf("docs/analyzers");
}
