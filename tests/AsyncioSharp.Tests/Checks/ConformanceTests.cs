using System.Reflection;
using AsyncioSharp.Tests.Checks.Support;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Checks;

/// <summary>
/// CPython's own tests are restated here: the list of them is Conformance/cpython-tests.tsv, tests name the rows that they pin, and
/// docs/conformance.md shows what is covered.
/// </summary>
public class ConformanceTests
{
    private const string List = "tests/AsyncioSharp.Tests/Conformance/cpython-tests.tsv";
    private const string Page = "docs/conformance.md";
    private const string AcceptVariable = "ASYNCIOSHARP_ACCEPT_CONFORMANCE";

    private static IReadOnlyList<ConformanceRow> Rows => ConformanceLedger.Rows(File.ReadAllText(Repository.PathOf(List)));

    [Fact]
    public void Every_attribute_names_a_row_that_applies()
        => ConformanceLedger.Problems(Rows, Claims(typeof(ConformanceTests).Assembly)).ShouldBeEmpty();

    [Fact]
    public void Every_attribute_stands_on_something_that_runs()
    {
        var idle =
            from type in typeof(ConformanceTests).Assembly.GetTypes()
            from method in type.GetMethods(TestMembers.AllDeclared)
            where method.IsDefined(typeof(CPythonAttribute)) && !TestMembers.Runs(method)
            select $"{type.Name}.{method.Name}: not a test, or always skipped";

        idle.ShouldBeEmpty();
    }

    [Fact]
    public void Every_row_that_applies_has_a_test()
    {
        var covered = Claims(typeof(ConformanceTests).Assembly).Select(claim => claim.Row).ToHashSet();
        Rows.Where(row => row.Reason is null && !covered.Contains(row.Name)).Select(row => row.Name).ShouldBeEmpty();
    }

    [Fact]
    public void The_page_is_what_the_attributes_say()
    {
        var actual = ConformancePage.Of(Rows, Claims(typeof(ConformanceTests).Assembly));
        var file = Repository.PathOf(Page);
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            File.WriteAllText(file, actual);
            return;
        }

        var expected = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        if (expected == actual)
            return;

        Assert.Fail(
            $"{Page} is stale.\n{TextDifference.Of(expected, actual)}\nGenerate it with\n"
            + $"    {AcceptVariable}=1 dotnet test --filter-class \"*.{nameof(ConformanceTests)}\"\nand check it in.");
    }

    [Fact]
    public void A_row_is_seven_fields_and_named_once()
    {
        const string Head = "file\tclass\ttest\tarea\tapplicable\tbehaviour\tversions\n";
        const string One = "test_a.py\tA\ttest_one\tcancel\tyes\tDoes it.\t3.13\n";

        ConformanceLedger.Rows(Head + One + "test_a.py\tA\ttest_two\tgc\tno: refcounts\tCollects.\t3.9\n").ShouldBe(
        [
            new("test_a.py::A.test_one", "cancel", null, "Does it.", "3.13"),
            new("test_a.py::A.test_two", "gc", "refcounts", "Collects.", "3.9"),
        ]);
        Should.Throw<FormatException>(() => ConformanceLedger.Rows(One));
        Should.Throw<FormatException>(() => ConformanceLedger.Rows(Head + One + One));
        Should.Throw<FormatException>(() => ConformanceLedger.Rows(Head + One.Replace("yes", "no", StringComparison.Ordinal)));
        Should.Throw<FormatException>(() => ConformanceLedger.Rows(Head + One.Replace("\t3.13", "", StringComparison.Ordinal)));
    }

    [Fact]
    public void Each_kind_of_mistake_is_reported()
    {
        ConformanceRow[] rows = [new("f::C.one", "a", null, "One.", "3.13"), new("f::C.two", "a", "private", "Two.", "3.13")];

        ConformanceLedger.Problems(rows,
        [
            new("f::C.one", "T.Right", null),
            new("f::C.three", "T.Unknown", null),
            new("f::C.two", "T.Excluded", null),
            new("f::C.one", "T.Double", null),
            new("f::C.one", "T.Double", null),
            new("f::C.one", "T.Wordless", " "),
        ]).ShouldBe(
        [
            "T.Unknown names f::C.three, but there is no such row",
            "T.Excluded names f::C.two, which is marked as not applicable: private",
            "T.Double names f::C.one twice",
            "T.Wordless, f::C.one: a deviation is one line of text",
        ]);
    }

    [Fact]
    public void The_page_has_a_section_an_area_and_a_line_a_row()
    {
        ConformanceRow[] rows =
        [
            new("f::C.late", "ext/lock", null, "Locks.", "3.9"),
            new("f::C.two", "a", null, "Two | <parts>.", "3.13"),
            new("f::C.one", "a", null, "One.", "3.9 and 3.13"),
            new("f::C.none", "a", "private", "None.", "3.13"),
            new("f::C.gone", "b", "no such thing", "Gone.", "3.9"),
        ];
        ConformanceClaim[] claims = [new("f::C.one", "T.Second", "is a property"), new("f::C.one", "T.First", null)];

        var page = ConformancePage.Of(rows, claims);

        page[page.IndexOf("\n##", StringComparison.Ordinal)..].ShouldBe("""

            ## a: 1 missing

            | CPython | Behaviour | Here |
            |---|---|---|
            | `f::C.none` (3.13) | None. | not applicable: private |
            | `f::C.one` (3.9 and 3.13) | One. | `T.First`, `T.Second`, different: is a property |
            | `f::C.two` (3.13) | Two \| &lt;parts>. | **missing** |

            ## b: not applicable

            | CPython | Behaviour | Here |
            |---|---|---|
            | `f::C.gone` (3.9) | Gone. | not applicable: no such thing |

            ## ext/lock: 1 missing

            | CPython | Behaviour | Here |
            |---|---|---|
            | `f::C.late` (3.9) | Locks. | **missing** |

            """, StringCompareShould.IgnoreLineEndings);
    }

    /// <summary>Every row that a test names, with that test: folder, class and method.</summary>
    private static IReadOnlyList<ConformanceClaim> Claims(Assembly assembly) =>
    [
        .. from type in assembly.GetTypes()
           from method in type.GetMethods(TestMembers.AllDeclared)
           from claim in method.GetCustomAttributes<CPythonAttribute>()
           select new ConformanceClaim(claim.Row, $"{Folder(type)}{type.Name}.{method.Name}", claim.Deviation),
    ];

    /// <summary>The part of a test's namespace that tells classes of one name apart.</summary>
    private static string Folder(Type type) => type.Namespace!.Replace("AsyncioSharp.Tests", "", StringComparison.Ordinal).TrimStart('.') + ".";
}
