using System.Text.RegularExpressions;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Analyzers.Tests;

/// <summary>The samples are what programs look like. None of the rules has anything to say about them.</summary>
public partial class SampleTests
{
    public static TheoryData<string> Samples
        => [.. Directory.EnumerateFiles(Repository.PathOf("samples"), "*.cs").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task A_sample_gives_no_cause_for_complaint(string sample)
    {
        string text = await File.ReadAllTextAsync(Repository.PathOf("samples/" + sample), TestContext.Current.CancellationToken);
        await Snippet.OfFile(Directives().Replace(text, "")).ShouldReportNothing();
    }

    // '#:project' and the like are for the SDK, not for the compiler.
    [GeneratedRegex("^#:.*$", RegexOptions.Multiline)]
    private static partial Regex Directives();
}
