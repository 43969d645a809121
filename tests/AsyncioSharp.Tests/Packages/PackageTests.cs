using System.IO.Compression;
using System.Text.RegularExpressions;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Samples;

namespace AsyncioSharp.Tests.Packages;

/// <summary>
/// The package as a stranger gets it: packed, put into a folder, and referenced by a new project that knows no other source of packages and has
/// nothing in its cache.
/// </summary>
public sealed class PackageTests : IDisposable
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
        await Dotnet("pack", Repository.PathOf("src/AsyncioSharp"), "--no-build", "--configuration", Configuration, "--output", Path.Combine(_folder, "feed"));
        string package = Directory.EnumerateFiles(Path.Combine(_folder, "feed"), "*.nupkg").Single();
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
