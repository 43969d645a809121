using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Checks;

/// <summary>A line is read at a glance. One that grows past the limit is broken where it says the next thing.</summary>
public class LineLengthTests
{
    private const int Limit = 180;

    /// <summary>Where a break would change the data: programs of one form a line, which may name the rule that it breaks, and a line of an expected text.</summary>
    private static readonly string[] s_exceptions =
    [
        "tests/AsyncioSharp.Analyzers.Tests/Programs/RightForms.cs",
        "tests/AsyncioSharp.Analyzers.Tests/Programs/RightService.cs",
        "tests/AsyncioSharp.Analyzers.Tests/Programs/WrongProgram.cs",
        "tests/AsyncioSharp.Analyzers.Tests/Programs/WrongService.cs",
        "tests/AsyncioSharp.Tests/Introspection/DumpTasksTests.cs",
    ];

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("benchmarks")]
    [InlineData("samples")]
    public void No_line_is_longer_than_the_limit(string folder)
    {
        var tooLong =
            from file in Repository.SourceFiles(folder)
            where !s_exceptions.Contains(Repository.Relative(file))
            from line in LongLines(file)
            select $"{Repository.Relative(file)}:{line.Number}: {line.Length} characters, at most {Limit}";

        string.Join('\n', tooLong).ShouldBeEmpty();
    }

    [Fact]
    public void Every_exception_is_needed()
        => s_exceptions.Where(static file => !LongLines(Repository.PathOf(file)).Any()).ShouldBeEmpty();

    private static IEnumerable<(int Number, int Length)> LongLines(string file)
        => File.ReadLines(file).Select(static (line, i) => (Number: i + 1, line.Length)).Where(static line => line.Length > Limit);
}
