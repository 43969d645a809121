using System.Reflection;
using Microsoft.CodeAnalysis;

namespace AsyncioSharp.Analyzers.Tests;

/// <summary>The analyzers know types and members by their names; a name that nothing has would be a rule that never speaks.</summary>
public class TableTests
{
    public static TheoryData<string, string> Tables => new()
    {
        { nameof(Threads), "s_starters" },
        { nameof(Threads), "s_events" },
        { nameof(Threads), "s_callers" },
        { nameof(OtherThreadAnalyzer), "s_confined" },
        { nameof(BlockingCalls), "s_waits" },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public void Every_name_in_a_table_is_that_of_a_member(string holder, string table)
    {
        var entries = Entries(typeof(Rules).Assembly.GetType($"AsyncioSharp.Analyzers.{holder}")!.GetField(table, BindingFlags.Static | BindingFlags.NonPublic)!.GetValue(null)!);
        var compilation = Snippet.Compilation();
        var missing = new List<string>();
        foreach (var (type, members) in entries)
        {
            var found = new[] { type, type + "`1" }.Select(compilation.GetTypeByMetadataName).OfType<INamedTypeSymbol>().ToList();
            missing.AddRange(members.Where(member => !found.Exists(symbol => !symbol.GetMembers(member).IsEmpty)).Select(member => $"{type}.{member}"));
        }
        entries.ShouldNotBeEmpty();
        missing.ShouldBeEmpty();
    }

    private static Dictionary<string, string[]> Entries(object table) => table switch
    {
        Dictionary<string, (string[] Members, string Instead)> waits => waits.ToDictionary(static entry => entry.Key, static entry => entry.Value.Members),
        _ => (Dictionary<string, string[]>)table,
    };
}
