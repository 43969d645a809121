using System.Diagnostics;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Samples;

/// <summary>How a child process ended and what it printed; <see cref="ExitCode"/> is null if it had to be killed.</summary>
public sealed record ProcessOutcome(int? ExitCode, string Output, string Error, TimeSpan Elapsed)
{
    public override string ToString()
        => $"{(ExitCode is { } code ? $"exit code {code}" : "killed")} after {Elapsed.TotalSeconds:F1} s\n--- standard output\n{Output}\n--- standard error\n{Error}\n---";
}

/// <summary>Runs the <c>dotnet</c> command in the root of the checkout, as a person at a terminal would.</summary>
public static class DotnetProcess
{
    public static async Task<ProcessOutcome> Run(TimeSpan timeout, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The test run's own build leaves settings behind that are not meant for another build.
        foreach (var name in start.Environment.Keys.Where(IsBuildSetting).ToList())
            start.Environment.Remove(name);
        // A build node that stays behind would hold the pipes open, and reading them would never end.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";

        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(timeout);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return new ProcessOutcome(null, await output, await error, watch.Elapsed);
        }

        return new ProcessOutcome(process.ExitCode, await output, await error, watch.Elapsed);
    }

    private static bool IsBuildSetting(string name)
        => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("TESTINGPLATFORM", StringComparison.OrdinalIgnoreCase)
            || name is "DOTNET_CLI_TELEMETRY_SESSIONID" or "DOTNET_CLI_TEST_COMMAND_WORKING_DIRECTORY";
}
