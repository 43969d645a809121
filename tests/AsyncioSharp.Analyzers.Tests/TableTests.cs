using System.Reflection;
using Microsoft.CodeAnalysis;

namespace AsyncioSharp.Analyzers.Tests;

/// <summary>The analyzers know types and members by their names; a name that nothing has would be a rule that never speaks.</summary>
public class TableTests
{
    [Theory]
    [InlineData(typeof(OtherThreadAnalyzer), "s_starters")]
    [InlineData(typeof(OtherThreadAnalyzer), "s_confined")]
    public void Every_name_in_a_table_is_that_of_a_member(Type analyzer, string table)
    {
        var compilation = Snippet.Compilation();
        var missing = new List<string>();
        foreach (var (type, members) in (Dictionary<string, string[]>)analyzer.GetField(table, BindingFlags.Static | BindingFlags.NonPublic)!.GetValue(null)!)
        {
            var found = new[] { type, type + "`1" }.Select(compilation.GetTypeByMetadataName).OfType<INamedTypeSymbol>().ToList();
            missing.AddRange(members.Where(member => !found.Exists(symbol => !symbol.GetMembers(member).IsEmpty)).Select(member => $"{type}.{member}"));
        }
        missing.ShouldBeEmpty();
    }
}
