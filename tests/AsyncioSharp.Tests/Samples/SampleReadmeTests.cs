using System.Text.RegularExpressions;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Samples;

/// <summary>samples/README.md lists every sample, and shows the C# of those with a Python original as it stands in their files.</summary>
public partial class SampleReadmeTests
{
    private static string Readme => File.ReadAllText(Repository.PathOf("samples/README.md")).ReplaceLineEndings("\n");

    [Fact]
    public void Every_sample_is_listed()
    {
        string readme = Readme;
        SampleRuns.Names().Where(name => !readme.Contains($"({name}.cs)", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void The_csharp_blocks_are_the_programs()
    {
        var blocks = Block().Matches(Readme);
        string introduction = Readme[..Readme.IndexOf("\n## ", StringComparison.Ordinal)];
        blocks.Count.ShouldBe(
            SampleRuns.Names().Count(name => !introduction.Contains($"({name}.cs)", StringComparison.Ordinal)), "all but those of the introduction, which have no Python original");
        blocks.Where(block => Program(block.Groups["name"].Value) != block.Groups["code"].Value).Select(block => block.Groups["name"].Value).ShouldBeEmpty();
    }

    /// <summary>A sample from its first using on: what stands before is the same in all of them.</summary>
    private static string Program(string name)
    {
        string text = File.ReadAllText(Repository.PathOf($"samples/{name}.cs")).ReplaceLineEndings("\n");
        return text[(text.IndexOf("\nusing ", StringComparison.Ordinal) + 1)..].TrimEnd('\n');
    }

    [GeneratedRegex(@"^### .*\((?<name>\w+)\.cs\)\n(?:(?!^### ).*\n)*?```csharp\n(?<code>(?:.*\n)*?.*)\n```", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();
}
