using System.IO.Compression;
using System.Text.RegularExpressions;
using AsyncioSharp.Tests.Checks;
using AsyncioSharp.Tests.Conformance.Support;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Samples;

namespace AsyncioSharp.Tests.Packages;

/// <summary>
/// The package as a stranger gets it: packed, put into a folder, and referenced by a new project that knows no other source of packages and has
/// nothing in its cache.
/// </summary>
public sealed partial class PackageTests : IDisposable
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly string _folder = Directory.CreateTempSubdirectory("asynciosharp-package-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_project_that_references_the_package_gets_the_warnings_of_its_analyzers()
    {
        string package = await Pack("AsyncioSharp");
        using (var content = ZipFile.OpenRead(package))
        {
            content.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith("analyzers/", StringComparison.Ordinal)).Order()
                .ShouldBe(["analyzers/dotnet/cs/AsyncioSharp.Analyzers.dll", "analyzers/dotnet/cs/AsyncioSharp.CodeFixes.dll"]);
            string[] pages = [.. Directory.EnumerateFiles(Repository.PathOf("docs/analyzers")).Select(file => "docs/analyzers/" + Path.GetFileName(file)).Order()];
            content.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith("docs/", StringComparison.Ordinal)).Order().ShouldBe(pages);
        }
        string project = WriteProject(version: Path.GetFileNameWithoutExtension(package)["AsyncioSharp.".Length..]);

        var build = await Dotnet("build", project, "-p:RunAnalyzers=true", "-p:EnableNETAnalyzers=false");

        var warnings = Regex.Matches(build.Output, @"warning (\w+):").Select(match => match.Groups[1].Value).Where(id => id != "CS4014").Distinct().Order();
        string.Join(", ", warnings).ShouldBe("ASYNCIO001, ASYNCIO003, ASYNCIO006", build.ToString());
    }

    /// <summary>From the page of a package a link into the repository leads nowhere; so nothing but whole addresses and places of the page itself is linked to.</summary>
    [Theory]
    [InlineData("AsyncioSharp")]
    [InlineData("AsyncioSharp.Logging")]
    [InlineData("AsyncioSharp.Testing")]
    public async Task A_package_has_a_readme_of_its_own_without_relative_links_and_its_program_compiles(string name)
    {
        string readme = await File.ReadAllTextAsync(Repository.PathOf($"src/{name}/README.md"), TestContext.Current.CancellationToken);
        using var content = await ZipFile.OpenReadAsync(await Pack(name), TestContext.Current.CancellationToken);
        using var packed = new StreamReader(content.GetEntry("README.md").ShouldNotBeNull().Open());

        (await packed.ReadToEndAsync(TestContext.Current.CancellationToken)).ShouldBe(readme);
        readme.ShouldStartWith($"# {name}\n");
        RelativeLink().Matches(readme).Select(link => link.Value).ShouldBeEmpty();
        var programs = DocumentationSnippetTests.SnippetsOf(readme);
        programs.ShouldHaveSingleItem().ShouldContain($"using {name};");
        Snippet.ErrorsOfProgram(programs[0]).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("[a](docs/a.md)", true)]
    [InlineData("[a](#a), [b](https://example.org/b), `[]` and (c)", false)]
    [InlineData("[a]: docs/a.md", true)]
    [InlineData("[a]: https://example.org/a", false)]
    public void Relative_links_are_found(string text, bool isRelative) => RelativeLink().IsMatch(text).ShouldBe(isRelative);

    [GeneratedRegex(@"\]\((?!#|https://)[^)]*\)|^\[[^\]]+\]:\s*(?!https://)\S.*", RegexOptions.Multiline)]
    private static partial Regex RelativeLink();

    private async Task<string> Pack(string name)
    {
        string feed = Path.Combine(_folder, "feed");
        await Dotnet("pack", Repository.PathOf($"src/{name}"), "--no-build", "--configuration", Configuration, "--output", feed);
        return Directory.EnumerateFiles(feed, "*.nupkg").Single();
    }

    private static async Task<ProcessOutcome> Dotnet(params string[] arguments)
    {
        var outcome = await DotnetProcess.Run(s_patience, arguments);
        outcome.ExitCode.ShouldBe(0, outcome.ToString());
        return outcome;
    }

    private string WriteProject(string version)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "stranger")).FullName;
        File.WriteAllText(Path.Combine(folder, "nuget.config"), """
            <configuration>
              <packageSources><clear /><add key="local" value="../feed" /></packageSources>
              <auditSources><clear /></auditSources>
              <config><add key="globalPackagesFolder" value="../cache" /></config>
            </configuration>
            """);
        File.WriteAllText(Path.Combine(folder, "Stranger.cs"), """
            using System.Threading;
            using AsyncioSharp;

            static class Stranger
            {
                static async Coroutine Work() => await Asyncio.Sleep(1);

                static async Coroutine Main2()
                {
                    Work();
                    Asyncio.CreateTask(Work());
                    Thread.Sleep(1);
                    await Work();
                }
            }
            """);
        string project = Path.Combine(folder, "Stranger.csproj");
        File.WriteAllText(project, $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup><PackageReference Include="AsyncioSharp" Version="{version}" /></ItemGroup>
            </Project>
            """);
        return project;
    }
}
