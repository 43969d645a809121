using Xunit.v3;

namespace AsyncioSharp.Tests.Infrastructure;

/// <summary>
/// Names a test of CPython's asyncio suite whose behaviour a test pins: <c>[CPython("test_tasks.py::BaseTaskTests.test_cancel")]</c>. The
/// tests that can be named are the rows of Conformance/cpython-tests.tsv; docs/conformance.md shows which of them are. The name is also a
/// trait, so <c>dotnet test --filter-trait "CPython=test_tasks.py::BaseTaskTests.test_cancel"</c> runs the tests of one row.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true, Inherited = false)]
public sealed class CPythonAttribute(string row) : Attribute, ITraitAttribute
{
    public string Row { get; } = row;

    /// <summary>
    /// Set where C# cannot or shall not do what CPython does: what is different, in one line for the page. The test then pins what happens
    /// instead.
    /// </summary>
    public string? Deviation { get; init; }

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("CPython", Row)];
}
