using System.Diagnostics;
using System.Runtime.InteropServices;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Running;

/// <summary>Starts one of <see cref="InterruptPrograms"/> in a process of its own, and sends it a signal whenever it says that it is ready.</summary>
internal static class SignalledProgram
{
    internal const int Interrupt = 2;
    internal const int Terminate = 15;

    /// <summary>What the program printed, and its exit code; 128 and the signal's number if that ended it.</summary>
    internal static async Task<(List<string> Lines, int ExitCode)> Run(string program, int signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signal that can be sent to one process.");
        Assert.SkipWhen(IsIgnored(signal), "The signal is ignored in this process, as SIGINT is in jobs in the background of a shell, and so in its children.");
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(SignalledProgram).Assembly.Location])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment[InterruptPrograms.Variable] = program;
        using var process = Process.Start(start).ShouldNotBeNull();
        var lines = new List<string>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2 * Signal.LimitSeconds));
        try
        {
            while (await process.StandardOutput.ReadLineAsync(deadline.Token) is { } line)
            {
                lines.Add(line);
                if (line == "ready")
                {
                    Kill(process.Id, signal).ShouldBe(0);
                }
            }
            await process.WaitForExitAsync(deadline.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        return (lines, process.ExitCode);
    }

    private static bool IsIgnored(int signal)
    {
        const string Status = "/proc/self/status";
        return File.Exists(Status)
            && File.ReadLines(Status).First(static line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is var line
            && (Convert.ToUInt64(line["SigIgn:".Length..].Trim(), 16) & (1UL << (signal - 1))) != 0;
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
