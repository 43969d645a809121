using System.Reflection;
using System.Xml.Linq;
using AsyncioSharp.Tests.Checks.Support;

namespace AsyncioSharp.Tests.Checks;

/// <summary>Everything public says what it is. (That a comment is there at all is the compiler's business; an empty one passes it.)</summary>
public class DocumentationTests
{
    [Theory]
    [InlineData("AsyncioSharp")]
    [InlineData("AsyncioSharp.Logging")]
    [InlineData("AsyncioSharp.Testing")]
    public void Every_public_member_has_a_summary(string assemblyName)
    {
        var assembly = Assembly.Load(assemblyName);
        var xml = XDocument.Load(Path.Combine(AppContext.BaseDirectory, assemblyName + ".xml"));
        var documented = xml.Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);

        var undocumented =
            from member in PublicMembers.Types(assembly).SelectMany(type => PublicMembers.Of(type).Prepend(type))
            where !PublicMembers.IsGenerated(member) && !IsImplicitConstructor(member, documented)
            let id = DocumentationIds.Of(member)
            where !HasSummary(id, documented)
            select id;

        string.Join('\n', undocumented).ShouldBeEmpty();
    }

    /// <summary>Who knows asyncio finds the function that they know; who does not find it is told that there is none.</summary>
    [Theory]
    [InlineData(typeof(Asyncio))]
    [InlineData(typeof(EventLoop))]
    public void Every_function_names_what_it_mirrors_of_asyncio(Type type)
    {
        var xml = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "AsyncioSharp.xml"));
        var documented = xml.Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);

        var silent =
            from method in PublicMembers.Of(type).OfType<MethodInfo>()
            where method.GetBaseDefinition() == method
            let id = DocumentationIds.Of(method)
            let text = TextOf(id, documented)
            where !text.Contains("Mirrors <c>", StringComparison.Ordinal) && !text.Contains("asyncio has no ", StringComparison.Ordinal)
            select id;

        string.Join('\n', silent).ShouldBeEmpty();
    }

    [Fact]
    public void Documentation_ids_are_the_compilers()
    {
        var ids = typeof(IdSamples<>).GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(member => member is not MethodInfo { IsSpecialName: true, Name: not "op_Implicit" })
            .Select(DocumentationIds.Of);

        const string Prefix = "AsyncioSharp.Tests.Checks.DocumentationTests.IdSamples`1";
        ids.ShouldBe(
            [
                $"M:{Prefix}.#ctor(`0[])",
                $"M:{Prefix}.Plain",
                $"M:{Prefix}.Generic``1(System.Func{{``0,`0}},System.Int32@,System.Nullable{{System.Double}}[0:,0:])",
                $"M:{Prefix}.Nested(System.Collections.Generic.Dictionary{{`0,System.String}}.KeyCollection)",
                $"M:{Prefix}.op_Implicit(AsyncioSharp.Tests.Checks.DocumentationTests.IdSamples{{`0}})~System.Int32",
                $"P:{Prefix}.Item(System.Int32)",
                $"F:{Prefix}.Field",
                $"E:{Prefix}.Event",
            ],
            ignoreOrder: true);
    }

    /// <summary>A summary of its own with text in it, or one inherited from a base (or from the member that a cref names).</summary>
    private static bool HasSummary(string id, Dictionary<string, XElement> documented)
    {
        if (!documented.TryGetValue(id, out var member))
            return false;

        if (member.Element("inheritdoc") is { } inherited)
            return inherited.Attribute("cref")?.Value is not { } source || !documented.ContainsKey(source) || HasSummary(source, documented);

        return member.Element("summary") is { } summary && (summary.Value.Trim().Length > 0 || summary.HasElements);
    }

    /// <summary>All that is said of a member, on one line, or of the one from which it inherits that.</summary>
    private static string TextOf(string id, Dictionary<string, XElement> documented)
    {
        if (!documented.TryGetValue(id, out var member))
            return "";

        return member.Element("inheritdoc") is { } inherited
            ? TextOf(inherited.Attribute("cref")?.Value ?? "", documented)
            : string.Join(' ', member.ToString(SaveOptions.DisableFormatting).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>
    /// A class that writes no constructor has a public one without parameters, and nowhere to document it. One that is written is in the
    /// file, because the compiler insists.
    /// </summary>
    private static bool IsImplicitConstructor(MemberInfo member, Dictionary<string, XElement> documented)
        => member is ConstructorInfo constructor && constructor.GetParameters().Length == 0 && !documented.ContainsKey(DocumentationIds.Of(member));

    public sealed class IdSamples<T>(T[] items)
        where T : notnull
    {
        public int Field = items.Length;

        public event Action? Event;

        public int this[int index] => index;

        public static implicit operator int(IdSamples<T> samples) => samples.Field;

        public void Plain() => Event?.Invoke();

        public void Generic<TOther>(Func<TOther, T> function, out int number, double?[,] numbers) => number = function is null ? 0 : numbers.Length;

        public void Nested(Dictionary<T, string>.KeyCollection keys) => Field = keys.Count;
    }
}
