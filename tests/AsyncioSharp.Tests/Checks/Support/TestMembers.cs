using System.Reflection;
using Xunit.v3;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>Which members of the test assembly run as tests; the checks of what tests claim go by this.</summary>
public static class TestMembers
{
    public const BindingFlags AllDeclared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>A test that is not skipped unconditionally, or a class that has one (its own or inherited).</summary>
    public static bool Runs(MemberInfo member) => member is Type type
        ? type.GetMethods(AllDeclared & ~BindingFlags.DeclaredOnly).Any(Runs)
        : member.GetCustomAttributes().OfType<IFactAttribute>().Any(fact => fact.Skip is null || fact.SkipUnless is not null || fact.SkipWhen is not null);
}
