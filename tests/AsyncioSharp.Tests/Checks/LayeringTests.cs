using AsyncioSharp.Tests.Checks.Support;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Checks;

/// <summary>
/// A folder of src/AsyncioSharp knows only the folders that its row names. The check goes by the names of types in the sources
/// (documentation comments may mention anything); members cannot be told apart, so a fragment of a partial class may reach what another
/// fragment of it adds.
/// </summary>
public class LayeringTests
{
    private static readonly (string Folder, string[] Knows)[] s_layers =
    [
        ("Errors", []),
        ("Internal", ["Errors"]),
        ("Symbols", []), // knows nothing but the compiler's output
        ("Context", ["Errors", "Internal"]),
        ("Coroutines", ["Errors", "Internal", "Symbols", "Context"]), // blind to Loop
        ("Loop", ["Errors", "Internal", "Context"]), // blind to Coroutines
        ("Futures", ["Errors", "Internal", "Context", "Loop"]), // blind to Coroutines
        ("Tasks", ["Errors", "Internal", "Context", "Coroutines", "Loop", "Futures"]),
        ("Synchronization", ["Errors", "Internal", "Coroutines", "Loop", "Futures", "Tasks"]),
        ("Queues", ["Errors", "Internal", "Coroutines", "Loop", "Futures", "Tasks", "Synchronization"]),
        ("Sockets", ["Errors", "Internal", "Coroutines", "Loop", "Futures", "Tasks", "Synchronization"]),
        ("Threads", ["Errors", "Internal", "Context", "Coroutines", "Loop", "Futures", "Tasks"]),
        ("Interop", ["Errors", "Internal", "Context", "Coroutines", "Loop", "Futures", "Tasks", "Threads"]),
        ("Scopes", ["Errors", "Internal", "Context", "Coroutines", "Loop", "Futures", "Tasks"]),
        ("Combinators", ["Errors", "Internal", "Context", "Coroutines", "Loop", "Futures", "Tasks", "Threads", "Interop", "Scopes"]),
        ("Running", ["Errors", "Internal", "Context", "Coroutines", "Loop", "Futures", "Tasks", "Threads", "Interop", "Scopes", "Combinators"]),
        ("Introspection",
            ["Errors", "Internal", "Symbols", "Context", "Coroutines", "Loop", "Futures", "Tasks",
                "Threads", "Interop", "Scopes", "Combinators", "Running", "Synchronization"]),
    ];

    [Fact]
    public void Every_folder_knows_only_what_its_row_allows()
    {
        var sources = Repository.SourceFiles("src/AsyncioSharp")
            .Select(file => new SourceFile(Path.GetRelativePath(Repository.PathOf("src/AsyncioSharp"), file).Replace('\\', '/'), File.ReadAllText(file)))
            .ToList();
        sources.ShouldNotBeEmpty();

        string.Join('\n', Violations(sources)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Handle? _handle;")]
    [InlineData("Handle Field;")]
    [InlineData("void M(Handle<int> x) { }")]
    [InlineData("void M(List<Handle> x) { }")]
    [InlineData("object M() => new Handle();")]
    [InlineData("object M() => typeof(Handle);")]
    [InlineData("bool M(object x) => x is Handle;")]
    [InlineData("object M(object x) => (Handle)x;")]
    [InlineData("object M(bool b) => b ? Handle.One : null;")]
    [InlineData("void M() => Handle.Run();")]
    [InlineData("void M<T>() where T : Handle { }")]
    [InlineData("[Obsolete] Handle M() => null;")]
    [InlineData("public static Handle M() => null;")]
    [InlineData("string M() => $\"text {Handle.Name:F3} text\";")]
    [InlineData("string M() => $$\"\"\"text {Handle} {{Handle.Name}}\"\"\";")]
    [InlineData("object M() => AsyncioSharp.Handle.One;")]
    [InlineData("object M() => global::AsyncioSharp.Handle.One;")]
    [InlineData("(Handle, int) M() => default;")]
    [InlineData("int M() { using Handle x = Get(); return 1; }")]
    [InlineData("Handle M() { return default; }")]
    public void A_mention_of_a_forbidden_type_is_caught(string member)
        => Violations(
                new("Loop/Handle.cs", "namespace AsyncioSharp; public class Handle<T> { } public class Handle { }"),
                new("Coroutines/Planted.cs", $"namespace AsyncioSharp;\nclass Planted\n{{\n{member}\n}}"))
            .ShouldBe(["Coroutines/Planted.cs:4: Coroutines must not know Loop, but mentions Handle"]);

    [Theory]
    [InlineData("// Handle")]
    [InlineData("/* Handle */")]
    [InlineData("/// <see cref=\"Handle\"/>")]
    [InlineData("#region Handle")]
    [InlineData("string M() => \"Handle\";")]
    [InlineData("string M() => @\"a \"\"Handle\"\" \\\";")]
    [InlineData("string M() => $\"{{Handle}} {1}\";")]
    [InlineData("string M() => \"\"\"Handle \"Handle\" Handle\"\"\";")]
    [InlineData("char M() => '\"'; // Handle")]
    [InlineData("object M(object x) => x.Handle;")]
    [InlineData("object M(object x) => x?.Handle();")]
    [InlineData("object M(object x) => Asyncio.Handle(x);")]
    [InlineData("int Handle { get; }")]
    [InlineData("List<int> Handle => null;")]
    [InlineData("int Handle(int x) => x;")]
    [InlineData("List<int> Handle<T>(T x) => null;")]
    [InlineData("(int, int) Handle(int x) => default;")]
    [InlineData("int[] Handle { get; }")]
    [InlineData("int? Handle { get; }")]
    [InlineData("object M() => new Other { Handle = 1 };")]
    [InlineData("object M() => Call(Handle: 1);")]
    [InlineData("bool M(object x) => x is Other { Handle: null };")]
    [InlineData("enum Kind : byte { None, Handle, Other = 4 }")]
    public void Anything_else_of_that_name_is_not(string member)
        => Violations(
                new("Loop/Handle.cs", "namespace AsyncioSharp; public class Handle { }"),
                new("Coroutines/Innocent.cs", $"using AsyncioSharp.Handle;\nnamespace AsyncioSharp.Handle;\nclass Innocent\n{{\n{member}\n}}"))
            .ShouldBeEmpty();

    [Fact]
    public void Each_kind_of_type_is_recognised()
        => LayerRules.DeclaredTypes(CSharpTokens.Of("""
            using System;
            [assembly: InternalsVisibleTo("x")]
            namespace A.B
            {
                public abstract partial class C<T> : IDisposable where T : class where U : struct, new() { class Nested { } enum E2 { A } }
                internal readonly record struct R(int X);
                public record Plain { }
                public record class RC(string Text = "struct Fake {");
                file static class F { delegate void Inner(); }
                ref struct S { }
                public interface I<in T> { }
                enum E { A, B }
                public delegate void D();
                public delegate (int, Func<T>) DT<T, U>(T x, (int, int) y) where T : notnull;
            }
            """))
            .ShouldBe(["C", "R", "Plain", "RC", "F", "S", "I", "E", "D", "DT"]);

    [Fact]
    public void A_partial_type_belongs_to_its_lowest_folder()
        => Violations(
                new("Loop/Asyncio.cs", "partial class Asyncio { }"),
                new("Running/Asyncio.cs", "partial class Asyncio { }"),
                new("Tasks/User.cs", "class User { void M() => Asyncio.Run(); }"),
                new("Internal/User2.cs", "class User2 { void M() => Asyncio.Run(); }"))
            .ShouldBe(["Internal/User2.cs:1: Internal must not know Loop, but mentions Asyncio"]);

    [Fact]
    public void A_folder_or_file_without_a_place_is_reported()
        => Violations(
                new("Elsewhere/A.cs", "class A { }"),
                new("B.cs", "class B { }"),
                new("AssemblyInfo.cs", "[assembly: CLSCompliant(false)]"))
            .ShouldBe(
            [
                "Elsewhere/A.cs: the folder Elsewhere is not in the table of layers",
                "B.cs: declares B outside of every layer",
            ]);

    [Fact]
    public void The_table_never_looks_down()
    {
        var order = s_layers.Select(layer => layer.Folder).ToList();

        s_layers.SelectMany(layer => layer.Knows, (layer, known) => (layer.Folder, known))
            .ShouldAllBe(pair => order.IndexOf(pair.known) >= 0 && order.IndexOf(pair.known) < order.IndexOf(pair.Folder));
    }

    private static IReadOnlyList<string> Violations(params IEnumerable<SourceFile> sources) => new LayerRules(s_layers).Violations(sources);
}
