using System.Reflection;
using AsyncioSharp.Tests.Checks.Support;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Checks;

/// <summary>
/// The public API is written down in tests/AsyncioSharp.Tests/PublicApi, so that a change of it is seen in review and never happens by the way.
/// </summary>
public class PublicApiTests
{
    private const string AcceptVariable = "ASYNCIOSHARP_ACCEPT_API";

    [Theory]
    [InlineData("AsyncioSharp")]
    [InlineData("AsyncioSharp.Logging")]
    [InlineData("AsyncioSharp.Testing")]
    public void The_public_api_is_the_one_written_down(string assemblyName)
    {
        var actual = ApiListing.Of(Assembly.Load(assemblyName));
        var relative = $"tests/AsyncioSharp.Tests/PublicApi/{assemblyName}.txt";
        var baseline = Repository.PathOf(relative);
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            File.WriteAllText(baseline, actual);
            return;
        }

        var expected = File.Exists(baseline) ? File.ReadAllText(baseline).ReplaceLineEndings("\n") : "";
        if (expected == actual)
            return;

        Assert.Fail(
            $"The public API of {assemblyName} is not what {relative} says.\n{TextDifference.Of(expected, actual)}\n"
            + $"If the change is meant, accept it with\n    {AcceptVariable}=1 dotnet test "
            + $"--project tests/AsyncioSharp.Tests --filter-class \"*{nameof(PublicApiTests)}\"\nand check the file in.");
    }

    [Fact]
    public void The_listing_shows_what_a_caller_sees()
        => ApiListing.Of(typeof(ApiSamples).GetNestedTypes()).ShouldBe("""
            namespace AsyncioSharp.Tests.Checks.Support

            public enum ApiSamples.Kind
                First = 0
                Second = 2

            public delegate (int Count, string Name) ApiSamples.Make<T>(T value, double? seconds = null) where T : class

            [EditorBrowsable(Never)] public abstract class ApiSamples.Shape<T> : System.Collections.Generic.List<T> where T : System.IComparable<T>, new()
                protected Shape(int size)
                public const string Name = "a\"b"
                public bool this[string key] { get; init; }
                public abstract int Size { get; protected set; }
                protected event System.Action Changed
                [OverloadResolutionPriority(1)] public static T[] Gather<U>(params System.ReadOnlySpan<U> items)
                [Obsolete("gone")] public static ApiSamples.Shape<T> Old(ApiSamples.Kind kind = ApiSamples.Kind.Second, bool? debug = null)
                protected virtual void Reset(in int a, ref int b, out int c)
                public override string ToString()
                public static ApiSamples.Shape<T> op_Addition(ApiSamples.Shape<T> left, ApiSamples.Shape<T> right)

            """, StringCompareShould.IgnoreLineEndings);

    [Fact]
    public void A_difference_shows_the_changed_lines_and_where_they_are()
        => TextDifference.Of("a\nb\nc\nd\n", "a\nc\nx\nd\n").ShouldBe("""
              line 2
            - b
              line 4
            + x
            """, StringCompareShould.IgnoreLineEndings);
}
