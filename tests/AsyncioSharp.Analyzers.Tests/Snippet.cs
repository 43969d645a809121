using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Formatting;
using Microsoft.CodeAnalysis.Simplification;
using Microsoft.CodeAnalysis.Text;

namespace AsyncioSharp.Analyzers.Tests;

/// <summary>
/// A piece of source to run an analyzer on. What the analyzer must report stands between <c>[|</c> and <c>|]</c>. The text is the inside of a class
/// that has a few things to call.
/// </summary>
internal sealed class Snippet
{
    private const string Before = """
        using System;
        using System.Collections.Concurrent;
        using System.Collections.Generic;
        using System.IO;
        using System.Linq;
        using System.Net.Http;
        using System.Threading;
        using System.Threading.Tasks;
        using AsyncioSharp;

        class Program
        {
            static Coroutine<int> Fetch(int x = 0) => Asyncio.Sleep(0, x);
            static async Coroutine Work() => await Asyncio.Sleep(1);
            static bool Maybe() => DateTime.Now.Ticks % 2 == 0;
            static void Print(object? what) { }
            EventLoop _loop = null!;
            TimeSpan _interval;
            Future<int> _future = null!;


        """;

    // What the SDK puts before each file; on the line of the file's own first.
    private const string ImplicitUsings
        = "using System; using System.Collections.Generic; using System.IO; using System.Linq; using System.Net.Http; using System.Threading; using System.Threading.Tasks; ";

    private const string After = "\n}\n";

    private static readonly ImmutableArray<MetadataReference> s_references =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Where(File.Exists)
            .Where(static path => Path.GetFileName(path) is var name
                && (name.StartsWith("System.", StringComparison.Ordinal) || name is "Microsoft.Win32.Primitives.dll" or "netstandard.dll"))
            .Concat([typeof(Asyncio).Assembly.Location, typeof(Testing.VirtualTimeLoop).Assembly.Location])
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ];

    private readonly OutputKind _kind;
    private readonly string _source;
    private readonly List<TextSpan> _expected = [];

    internal Snippet(string members)
        : this(Before + members + After, OutputKind.DynamicallyLinkedLibrary)
    {
    }

    private Snippet(string text, OutputKind kind)
    {
        _kind = kind;
        for (int start; (start = text.IndexOf("[|", StringComparison.Ordinal)) >= 0;)
        {
            text = text.Remove(start, 2);
            int end = text.IndexOf("|]", start, StringComparison.Ordinal);
            text = text.Remove(end, 2);
            _expected.Add(TextSpan.FromBounds(start, end));
        }
        _source = text;
    }

    /// <summary>A whole program.</summary>
    internal static Snippet OfFile(string text) => new(ImplicitUsings + text, OutputKind.ConsoleApplication);

    /// <summary>A whole file of a library.</summary>
    internal static Snippet OfLibrary(string text) => new(ImplicitUsings + text, OutputKind.DynamicallyLinkedLibrary);

    /// <summary>A compilation of nothing that sees what the snippets see.</summary>
    internal static CSharpCompilation Compilation() => CSharpCompilation.Create("Empty", references: s_references);

    /// <summary>Asserts that no analyzer reports anything.</summary>
    internal async Task ShouldReportNothing() => string.Join('\n', (await Run(Document(), AllAnalyzers.Create())).Select(diagnostic => $"{diagnostic}")).ShouldBeEmpty();

    /// <summary>What all analyzers report: <c>line: rule</c>, lines counted from 1.</summary>
    internal async Task<IEnumerable<string>> Reported()
        => (await Run(Document(), AllAnalyzers.Create())).Select(diagnostic => $"{diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1}: {diagnostic.Id}");

    /// <summary>Asserts that the analyzer reports what is marked, by one rule, and nothing else.</summary>
    internal async Task ShouldReport(DiagnosticAnalyzer analyzer, DiagnosticDescriptor rule)
    {
        var reported = await Run(Document(), analyzer);
        string.Join('\n', reported.Select(Text)).ShouldBe(string.Join('\n', _expected.OrderBy(span => span.Start).Select(span => $"{rule.Id}: {_source[span.Start..span.End]}")));
    }

    /// <summary>Asserts that a fix of the first diagnostic makes of the snippet the other text.</summary>
    internal async Task ShouldBecome(string members, DiagnosticAnalyzer analyzer, CodeFixProvider provider, string title)
    {
        var document = Document();
        var diagnostic = (await Run(document, analyzer))[0];
        var actions = new List<CodeAction>();
        await provider.RegisterCodeFixesAsync(new CodeFixContext(document, diagnostic, (action, _) => actions.Add(action), default));
        var chosen = actions.SingleOrDefault(action => action.Title == title)
            ?? throw new ShouldAssertException($"no fix '{title}' among: {string.Join(", ", actions.Select(action => action.Title))}");

        var operation = (ApplyChangesOperation)(await chosen.GetOperationsAsync(default)).Single();
        var changed = operation.ChangedSolution.GetDocument(document.Id)!;
        changed = await Formatter.FormatAsync(await Simplifier.ReduceAsync(changed), Formatter.Annotation);
        string text = (await changed.GetTextAsync()).ToString();
        text.ShouldBe(Before + members + After);
        // What is compiled is the text: a tree may say what its text, read again, does not.
        Errors((await changed.WithText(SourceText.From(text)).Project.GetCompilationAsync())!).ShouldBeEmpty();
    }

    /// <summary>The titles of the fixes that are offered for the first diagnostic.</summary>
    internal async Task<string[]> Fixes(DiagnosticAnalyzer analyzer, CodeFixProvider provider)
    {
        var document = Document();
        var titles = new List<string>();
        await provider.RegisterCodeFixesAsync(new CodeFixContext(document, (await Run(document, analyzer))[0], (action, _) => titles.Add(action.Title), default));
        return [.. titles];
    }

    /// <summary>The lines of the snippet, counted from 0, at which something is reported.</summary>
    internal async Task<int[]> ReportedLines(string id)
    {
        int before = Before.Count(static letter => letter == '\n');
        var reported = await Run(Document(), AllAnalyzers.Create());
        return [.. reported.Where(diagnostic => diagnostic.Id == id).Select(diagnostic => diagnostic.Location.GetLineSpan().StartLinePosition.Line - before).Order()];
    }

    private static async Task<IReadOnlyList<Diagnostic>> Run(Document document, params DiagnosticAnalyzer[] analyzers)
    {
        var compilation = (await document.Project.GetCompilationAsync())!;
        Errors(compilation).ShouldBeEmpty();
        var options = new CompilationWithAnalyzersOptions(
            new AnalyzerOptions([]),
            (e, _, _) => throw new InvalidOperationException("the analyzer failed", e),
            concurrentAnalysis: true, logAnalyzerExecutionTime: false);
        return [.. (await compilation.WithAnalyzers([.. analyzers], options).GetAnalyzerDiagnosticsAsync()).OrderBy(diagnostic => diagnostic.Location.SourceSpan.Start)];
    }

    private static string Errors(Compilation compilation) => string.Join('\n', compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));

    private static string Text(Diagnostic diagnostic) => $"{diagnostic.Id}: {diagnostic.Location.SourceTree!.GetText().ToString(diagnostic.Location.SourceSpan)}";

    private Document Document() => new AdhocWorkspace()
        .AddProject("Snippet", LanguageNames.CSharp)
        .WithCompilationOptions(new CSharpCompilationOptions(_kind, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: true))
        .WithParseOptions(new CSharpParseOptions(LanguageVersion.Latest))
        .WithMetadataReferences(s_references)
        .AddDocument("Snippet.cs", SourceText.From(_source));
}
