using Xunit.v3;

namespace AsyncioSharp.Tests.Infrastructure;

/// <summary>
/// Names the rules of docs/semantics.md that a test pins: <c>[Rule("CAN-05", "CAN-06")]</c>. On a class it speaks for all of the class's
/// tests together. Each ID is also a trait, so <c>dotnet test --filter-trait "Rule=CAN-05"</c> runs the tests of one rule.
/// </summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true, Inherited = false)]
public sealed class RuleAttribute(params string[] ids) : Attribute, ITraitAttribute
{
    public IReadOnlyList<string> Ids { get; } = ids;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits()
        => [.. Ids.Select(id => new KeyValuePair<string, string>("Rule", id))];
}
