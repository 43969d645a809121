using System.Text.RegularExpressions;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Checks;

/// <summary>
/// The C# that the pages below show is compiled and run: each block stands, but for its indentation, in a file of tests/AsyncioSharp.Tests/Documentation.
/// </summary>
public partial class DocumentationSnippetTests
{
    [Theory]
    [InlineData("cancellation")]
    [InlineData("coming-from-tasks")]
    [InlineData("diagnostics")]
    [InlineData("queues")]
    [InlineData("synchronization")]
    [InlineData("testing")]
    [InlineData("structured-concurrency")]
    [InlineData("running")]
    public void Every_snippet_of_the_page_is_part_of_a_test(string page)
    {
        var code = string.Concat(Directory.EnumerateFiles(Repository.PathOf("tests/AsyncioSharp.Tests/Documentation"), "*.cs").Select(file => Unindented(File.ReadAllText(file))));
        var snippets = SnippetsOf(File.ReadAllText(Repository.PathOf($"docs/{page}.md")));

        snippets.ShouldNotBeEmpty();
        snippets.Where(snippet => !code.Contains(Unindented(snippet), StringComparison.Ordinal)).ShouldBeEmpty();
    }

    internal static List<string> SnippetsOf(string page) => [.. Block().Matches(page.ReplaceLineEndings("\n")).Select(match => match.Groups["code"].Value)];

    private static string Unindented(string code)
        => string.Concat(code.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(line => line + "\n"));

    [GeneratedRegex(@"^```csharp\n(?<code>(?:.*\n)*?)```", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();
}
