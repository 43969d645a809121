using System.Diagnostics;
using System.Runtime.InteropServices;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Samples;

/// <summary>A program that is published trimmed does all that the library does by reflection: nothing that it needs was removed.</summary>
public class TrimmingTests
{
    [Fact]
    public async Task A_trimmed_program_cancels_and_shows_what_any_other_does()
    {
        string directory = Directory.CreateTempSubdirectory("asyncio-trimmed").FullName;
        try
        {
            string published = Path.Combine(directory, "published");
            var publish = await DotnetProcess.Run(
                TimeSpan.FromMinutes(4),
                "publish", Repository.PathOf("tests/TrimmedProgram"), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-o", published,
                "--artifacts-path", Path.Combine(directory, "artifacts"), $"-p:AsyncioSharpAssembly={typeof(Asyncio).Assembly.Location}");
            Assert.SkipWhen(
                publish.ExitCode != 0 && IsMissingPackage(publish.Output),
                "Publishing a trimmed program needs packages of the SDK, the runtime and the trimmer, which cannot be had here.");
            publish.ExitCode.ShouldBe(0, publish.ToString());
            publish.Output.ShouldNotContain("warning IL");

            using var process = Process.Start(new ProcessStartInfo(Path.Combine(published, "TrimmedProgram")) { RedirectStandardOutput = true })!;
            string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            process.ExitCode.ShouldBe(0, output);
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ShouldBe(
            [
                "task: cancelled",
                "task of a value: cancelled",
                "configured task: cancelled",
                "value task: cancelled",
                "value task of a value: cancelled",
                "configured value task: cancelled",
                "method cleans up",
                "method that waits for this library: cancelled",
                "method cleans up",
                "method that waits for .NET: cancelled",
                "method cleans up",
                "method cleans up",
                "methods side by side: cancelled",
                "1",
                "iterator cleans up",
                "iterator that waits for this library: cancelled",
                "1",
                "iterator cleans up",
                "iterator that waits for .NET: cancelled",
                "stack shows the coroutine: True",
                "end",
                "iterator cleans up",
            ]);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // Not found, or no source to be reached.
    private static bool IsMissingPackage(string output) => output.Contains("error NU1101") || output.Contains("error NU1102") || output.Contains("error NU1301");
}
