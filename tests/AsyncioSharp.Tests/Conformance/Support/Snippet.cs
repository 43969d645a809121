using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AsyncioSharp.Tests.Conformance.Support;

/// <summary>
/// Statements that are given to the compiler, for what Python refuses when it runs and C# when it is compiled. They may use <c>loop</c>, <c>future</c>
/// (of int), <c>task</c> (of int), the coroutine functions <c>Nothing</c> and <c>One</c>, and the plain function <c>Plain</c>.
/// </summary>
internal static class Snippet
{
    private const string Before = """
        using System;
        using System.Collections.Generic;
        using System.Threading.Tasks;
        using AsyncioSharp;

        static class Snippet
        {
            static async Coroutine Nothing() => await Asyncio.Sleep(0);
            static async Coroutine<int> One() => await Asyncio.Sleep(0, 1);
            static int Plain() => 1;

            static async Coroutine Run(EventLoop loop, Future<int> future, CoroutineTask<int> task)
            {

        """;

    private const string After = """

                await Nothing();
            }
        }
        """;

    // Everything but the statement: what is read from the references is read once.
    private static readonly CSharpCompilation s_frame = CSharpCompilation.Create(
        "Snippet",
        references: ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(static path => MetadataReference.CreateFromFile(path)),
        options: new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));

    /// <summary>Checks that the compiler refuses <paramref name="statement"/>, and takes <paramref name="instead"/>: so it is not the frame that is wrong.</summary>
    internal static void IsRefused(string statement, string instead)
    {
        ErrorsOf(statement).ShouldNotBeEmpty($"it compiles: {statement}");
        ErrorsOf(instead).ShouldBeEmpty($"it does not compile: {instead}");
    }

    /// <summary>What the compiler says against a whole program, for which the SDK's usings are there.</summary>
    internal static IReadOnlyList<string> ErrorsOfProgram(string program)
        => ErrorsOf(s_frame.WithOptions(s_frame.Options.WithOutputKind(OutputKind.ConsoleApplication)), program, "global using System; global using System.Threading;");

    private static IReadOnlyList<string> ErrorsOf(string statement) => ErrorsOf(s_frame, Before + statement + After);

    private static IReadOnlyList<string> ErrorsOf(CSharpCompilation frame, params IEnumerable<string> files)
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview);
        return [.. frame.AddSyntaxTrees(files.Select(file => CSharpSyntaxTree.ParseText(file, options))).GetDiagnostics()
            .Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
            .Select(static diagnostic => diagnostic.ToString())];
    }
}
