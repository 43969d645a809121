using AsyncioSharp.Benchmarks.Compare;

namespace AsyncioSharp.Tests.Benchmarks;

/// <summary>The comparison with other runtimes: who failed at a workload is told from who has none, and why is said.</summary>
public class ComparisonTests
{
    private static readonly string[] s_keys = ["cpu_ns", "med_cpu_ns"];

    [Fact]
    public void A_row_has_medians_and_ratios_within_each_pass_whatever_a_peer_calls_the_figure()
    {
        var (text, isGood) = Written(Passes("cpu_ns", 10, 200, 30), Passes("med_cpu_ns", 30, 800, 60));
        text.ShouldBe("""
            | workload | ours | other |
            |---|---:|---:|
            | yield_1, ns | 30.0 | 60.0 (3.00x) |

            """, StringCompareShould.IgnoreLineEndings);
        isGood.ShouldBeTrue();
    }

    [Fact]
    public void The_cell_of_a_peer_that_has_no_such_workload_is_empty()
    {
        var (text, isGood) = Written(Passes("cpu_ns", 10, 10, 10), [Outcome.Of(new ProcessEnd(Outcome.NoSuchWorkload, "", ""))]);
        text.ShouldContain("| yield_1, ns | 10.0 |  |");
        text.ShouldNotContain("failed");
        isGood.ShouldBeTrue();
    }

    [Fact]
    public void A_peer_that_failed_is_marked_and_the_reason_stands_below()
    {
        var (text, isGood) = Written(
            Passes("cpu_ns", 10, 10, 10), [.. Passes("cpu_ns", 20), Outcome.Of(new ProcessEnd(1, "cpu_ns=1", "Traceback:\n  File \"bench.py\"\nAssertionError: wrong\n"))]);
        text.ShouldContain("| yield_1, ns | 10.0 | failed |");
        text.TrimEnd().ShouldEndWith("failed: other: yield_1: AssertionError: wrong");
        isGood.ShouldBeFalse();
    }

    [Fact]
    public void Where_the_first_peer_fails_the_others_have_figures_without_ratios()
    {
        var (text, isGood) = Written([Outcome.Of(new ProcessEnd(1, "", "boom"))], Passes("cpu_ns", 20, 20, 20));
        text.ShouldContain("| yield_1, ns | failed | 20.0 |");
        text.ShouldContain("failed: ours: yield_1: boom");
        isGood.ShouldBeFalse();
    }

    [Fact]
    public void A_peer_that_prints_other_figures_than_the_one_compared_has_failed()
    {
        var (text, isGood) = Written(Passes("cpu_ns", 10), Passes("wall", 10));
        text.ShouldContain("failed: other: yield_1: it printed other figures than this one");
        isGood.ShouldBeFalse();
    }

    [Theory]
    [InlineData(134, "Unhandled exception. System.Exception: wrong\n   at Program.Check(Boolean ok)\n", "Unhandled exception. System.Exception: wrong")]
    [InlineData(101, "thread 'main' panicked at src/main.rs:1:\nassertion failed\nnote: run with `RUST_BACKTRACE=1`\n", "assertion failed")]
    [InlineData(2, "panic: wrong result\r\n\r\n", "panic: wrong result")]
    [InlineData(3, " \n", "it ended with status 3 and said nothing")]
    [InlineData(0, "a warning", "it printed no figures")]
    public void What_is_told_of_a_failure_is_the_last_line_that_says_why(int exitCode, string errors, string told)
    {
        var outcome = Outcome.Of(new ProcessEnd(exitCode, "", errors));
        outcome.Failure.ShouldBe(told);
        outcome.Figures.ShouldBeNull();
    }

    [Fact]
    public void A_program_that_takes_too_long_or_does_not_exist_has_failed()
    {
        Outcome.Of(new ProcessEnd(null, "cpu_ns=1", "not done after 4 minutes")).Failure.ShouldBe("not done after 4 minutes");
        new Peer("missing", ["there-is-no-such-program"]).Measure("yield_1", 1).Failure.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public void A_program_is_left_out_with_the_reason_if_its_probe_or_its_build_fails()
    {
        new Peer("missing", ["x"], Probe: ["there-is-no-such-program", "--version"]).Prepare().ShouldBe("not installed (there-is-no-such-program --version)");
        new Peer("broken", ["x"], Build: ["dotnet", "no-such-command-for-sure"]).Prepare().ShouldNotBeNull().ShouldStartWith("cannot be built (dotnet no-such-command-for-sure): ");
        new Peer("there", ["x"]).Prepare().ShouldBeNull();
    }

    private static (string Text, bool IsGood) Written(Outcome[] ours, Outcome[] other)
    {
        var text = new StringWriter();
        var table = new ComparisonTable(text, ["ours", "other"]);
        table.WriteHead();
        table.WriteRow("yield_1", "ns", s_keys, [ours, other]);
        bool isGood = table.WriteFailures();
        return (text.ToString(), isGood);
    }

    private static Outcome[] Passes(string key, params int[] figures)
        => [.. figures.Select(figure => Outcome.Of(new ProcessEnd(0, $"workload=yield_1 {key}={figure}", "")))];
}
