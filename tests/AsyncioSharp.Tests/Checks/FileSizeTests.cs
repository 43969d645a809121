using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Checks;

/// <summary>A file is read in one sitting. One that grows past the limit usually holds two concepts and wants to be two files.</summary>
public class FileSizeTests
{
    private const int Limit = 450;

    [Fact]
    public void No_source_file_is_longer_than_one_sitting()
    {
        var tooLong =
            from file in Repository.SourceFiles("src")
            let lines = File.ReadLines(file).Count()
            where lines > Limit
            select $"{Repository.Relative(file)}: {lines} lines, at most {Limit}";

        string.Join('\n', tooLong).ShouldBeEmpty();
    }
}
