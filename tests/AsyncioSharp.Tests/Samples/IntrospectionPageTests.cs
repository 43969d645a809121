using System.Text.RegularExpressions;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Samples;

/// <summary>docs/introspection.md quotes a sample and what it prints; both stand there as they are.</summary>
public partial class IntrospectionPageTests
{
    [Fact]
    public void The_page_quotes_the_sample_and_its_output()
    {
        string page = Read("docs/introspection.md");
        string sample = Read("samples/look_inside.cs");
        string output = Read("samples/expected/look_inside.txt").Replace("{*}", "look_inside.cs", StringComparison.Ordinal);
        var blocks = Block().Matches(page);
        blocks.Count(block => block.Groups["kind"].Value == "text").ShouldBe(4);
        blocks.Where(block => !(block.Groups["kind"].Value == "csharp" ? sample : output).Contains(block.Groups["text"].Value, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private static string Read(string path) => File.ReadAllText(Repository.PathOf(path)).ReplaceLineEndings("\n");

    [GeneratedRegex("^```(?<kind>csharp|text)\n(?<text>(?:.*\n)*?)```", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();
}
