using System.Text.RegularExpressions;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Analyzers.Tests;

/// <summary>
/// Programs in the forms that people write: expression bodies, primary constructors, queries, patterns, tuples, local functions, top-level statements. All rules look
/// at each at once; what they say, and nothing else, stands in a comment at the end of the line.
/// </summary>
public partial class ProgramTests
{
    public static TheoryData<string> Programs => [.. Directory.EnumerateFiles(Folder(), "*.cs").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_program_is_judged_line_by_line(string program)
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Folder(), program), TestContext.Current.CancellationToken);
        var expected = text.Split('\n').Index().SelectMany(line => Rule().Matches(line.Item).Select(rule => $"{line.Index + 1}: {rule.Groups[1].Value}"));
        var snippet = program.EndsWith("Program.cs", StringComparison.Ordinal) ? Snippet.OfFile(text) : Snippet.OfLibrary(text);
        string.Join('\n', (await snippet.Reported()).Distinct()).ShouldBe(string.Join('\n', expected));
    }

    private static string Folder() => Repository.PathOf("tests/AsyncioSharp.Analyzers.Tests/Programs");

    [GeneratedRegex(@"// (ASYNCIO\d+)$")]
    private static partial Regex Rule();
}
