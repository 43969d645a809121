using System.ComponentModel;
using System.Diagnostics;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary><c>Process</c> in coroutines. The programs are a shell's, so the tests are skipped where there is none.</summary>
public class ProcessTests
{
    private const string Shell = "/bin/sh";

    public ProcessTests() => Assert.SkipUnless(File.Exists(Shell), $"There is no {Shell} here.");

    [Fact]
    public void Output_and_exit_code_are_awaited()
    {
        Scenario.Run(async () => (await RunShell("echo out; exit 3")).ShouldBe(("out\n", 3)));
    }

    [Fact]
    public void A_program_that_is_not_there_fails_the_coroutine()
    {
        Scenario.Run(async () =>
        {
            await Scenario.FailureOf<Win32Exception>(Missing());

            static async Coroutine Missing()
            {
                using var process = Process.Start("/nowhere/asynciosharp-missing")!;
                await process.WaitForExitAsync();
            }
        });
    }

    [Fact]
    public void A_cancelled_or_timed_out_wait_runs_the_finally_that_kills_the_process()
    {
        Scenario.Run(async () =>
        {
            var killed = new List<int>();
            await Scenario.CancelInTheMiddle(WaitAndKill);
            await Scenario.TimeOut(WaitAndKill);
            killed.Count.ShouldBe(2);

            async Coroutine WaitAndKill()
            {
                using var process = Start("sleep 60");
                try
                {
                    await process.WaitForExitAsync();
                }
                finally
                {
                    process.Kill();
                    await process.WaitForExitAsync();
                    killed.Add(process.ExitCode);
                }
            }
        });
    }

    [Fact]
    public void Many_at_once()
    {
        Scenario.Run(async () =>
            (await Scenario.AtOnce(10, i => RunShell($"echo {i}"))).ShouldBe(Enumerable.Range(0, 10).Select(i => ($"{i}\n", 0))));
    }

    private static Process Start(string script)
        => Process.Start(new ProcessStartInfo(Shell, ["-c", script]) { RedirectStandardOutput = true })!;

    private static async Coroutine<(string Output, int ExitCode)> RunShell(string script)
    {
        using var process = Start(script);
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (output, process.ExitCode);
    }
}
