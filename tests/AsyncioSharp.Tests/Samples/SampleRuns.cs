using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Samples;

/// <summary>
/// Builds and runs every sample once, for all of its tests. The library is built first and alone; the samples then use that build instead
/// of each making its own, so they can be built side by side. One that is built runs while the next ones are built.
/// </summary>
public sealed class SampleRuns : IAsyncDisposable
{
    private static readonly TimeSpan s_buildTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan s_runTimeout = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _builders = new(Environment.ProcessorCount);
    private readonly Dictionary<string, Task<ProcessOutcome>> _runs;

    public SampleRuns()
    {
        var libraries = BuildLibraries();
        _runs = Names().ToDictionary(name => name, name => BuildAndRun(name, libraries));
    }

    /// <summary>samples/NAME.cs, without folder and extension.</summary>
    public static IReadOnlyList<string> Names() => NamesIn("samples", "*.cs");

    /// <summary>samples/expected/NAME.txt, without folder and extension.</summary>
    public static IReadOnlyList<string> ExpectedNames() => NamesIn("samples/expected", "*.txt");

    /// <summary>How the sample ended: the build's outcome if that failed, otherwise its own.</summary>
    public Task<ProcessOutcome> OutcomeOf(string name) => _runs[name];

    public async ValueTask DisposeAsync()
    {
        // A filtered test run asks for few of them; none may outlive it.
        await Task.WhenAll(_runs.Values);
        _builders.Dispose();
    }

    private static List<string> NamesIn(string folder, string pattern)
        => Directory.Exists(Repository.PathOf(folder))
            ? [.. Directory.EnumerateFiles(Repository.PathOf(folder), pattern).Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)]
            : [];

    private static Task<ProcessOutcome> BuildLibraries()
        => DotnetProcess.Run(s_buildTimeout, "build", "src/AsyncioSharp.Testing/AsyncioSharp.Testing.csproj", "--configuration", "Debug", "--verbosity", "quiet");

    private async Task<ProcessOutcome> BuildAndRun(string name, Task<ProcessOutcome> libraries)
    {
        if (await libraries is { ExitCode: not 0 } failed)
            return failed;

        var file = $"samples/{name}.cs";
        await _builders.WaitAsync();
        try
        {
            var build = await DotnetProcess.Run(s_buildTimeout, "build", file, "--no-dependencies", "--verbosity", "quiet");
            if (build.ExitCode != 0)
                return build;
        }
        finally
        {
            _builders.Release();
        }

        return await DotnetProcess.Run(s_runTimeout, "run", "--no-build", "--file", file);
    }
}
