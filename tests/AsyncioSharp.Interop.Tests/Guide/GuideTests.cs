using System.Text.RegularExpressions;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Interop.Tests.Guide;

/// <summary>docs/dotnet-interop.md shows the programs of <see cref="GuideSnippets"/> as they are, every one of them, and no other C#.</summary>
public partial class GuideTests
{
    [Fact]
    public void The_pages_programs_are_those_that_are_tested()
    {
        string page = Read("docs/dotnet-interop.md");
        var shown = Block().Matches(page).ToDictionary(block => block.Groups["name"].Value, block => block.Groups["code"].Value);
        var tested = Region().Matches(Read("tests/AsyncioSharp.Interop.Tests/Guide/GuideSnippets.cs"))
            .ToDictionary(region => region.Groups["name"].Value, region => Unindented(region.Groups["code"].Value));

        shown.Keys.ShouldBe(tested.Keys, ignoreOrder: true);
        page.Split("```csharp").Length.ShouldBe(tested.Count + 1, "a block of C# has no name: <!-- snippet: NAME --> in the line before it");
        foreach (var (name, code) in tested)
        {
            shown[name].ShouldBe(code, $"snippet '{name}'");
        }
    }

    private static string Read(string path) => File.ReadAllText(Repository.PathOf(path)).ReplaceLineEndings("\n");

    private static string Unindented(string code)
        => string.Join('\n', code.TrimEnd().Split('\n').Select(line => line.StartsWith("        ", StringComparison.Ordinal) ? line[8..] : line));

    [GeneratedRegex(@"<!-- snippet: (?<name>\w+) -->\n```csharp\n(?<code>(?s:.*?))\n```", RegexOptions.ExplicitCapture)]
    private static partial Regex Block();

    [GeneratedRegex(@"#region (?<name>\w+)\n(?<code>(?s:.*?))\n *#endregion", RegexOptions.ExplicitCapture)]
    private static partial Regex Region();
}
