using AsyncioSharp.Benchmarks;
using AsyncioSharp.Benchmarks.Compare;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Benchmarks;

/// <summary>The commands of the benchmark program: every workload runs, each command finishes whatever peers have and lack, and an unknown name is told.</summary>
public class CommandTests
{
    private static readonly Outcome s_none = Outcome.Of(new ProcessEnd(Outcome.NoSuchWorkload, "", ""));

    public static TheoryData<string, string> Workloads => [.. Catalogue.All.Where(static w => !w.IsMemory && !w.IsServer).Select(static w => (w.Peer, w.Name))];

    public static TheoryData<string> Names => [.. Catalogue.All.Select(static w => w.Name).Distinct()];

    [Theory]
    [MemberData(nameof(Workloads))]
    public void A_workload_runs_and_finds_its_results_right(string peer, string name)
    {
        var workload = Catalogue.Find(peer, name).ShouldNotBeNull();
        workload.Run(10_000).ShouldBe(10_000);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_row_of_quick_has_empty_cells_for_those_who_lack_the_workload(string name)
    {
        foreach (string? missing in (string?[])[null, .. Catalogue.Peers])
        {
            var output = new StringWriter();
            Quick.Run([name], output, (peer, _) => peer == missing ? s_none : Figures(10)).ShouldBeTrue();
            string[] rows = [.. output.ToString().Split('\n').Where(line => line.StartsWith($"| {name} |", StringComparison.Ordinal))];
            rows.ShouldNotBeEmpty();
            rows.Any(static row => row.Contains("|  |", StringComparison.Ordinal)).ShouldBe(missing is not null);
        }
    }

    [Fact]
    public void Quick_tells_who_failed_and_goes_on()
    {
        var output = new StringWriter();
        Quick.Run(["yield"], output, static (peer, workload) => (peer, workload) == ("pump", "yield_1") ? Outcome.Of(new ProcessEnd(1, "", "boom")) : Figures(10)).ShouldBeFalse();
        output.ToString().ShouldContain("| yield_1 | 10.0 | 10.0 | failed | failed | 10.0 | 10.0 |  | 1.0 | 10.0 | failed |");
        output.ToString().ShouldContain("| yield_1000 | 10.0 |");
        output.ToString().TrimEnd().ShouldEndWith("failed: pump: yield_1: boom");
    }

    [Fact]
    public void An_unknown_name_is_told_together_with_those_that_there_are()
    {
        Func<string[], TextWriter, bool> quick = static (parts, output) => Quick.Run(parts, output, static (_, _) => throw new InvalidOperationException("It measures."));
        foreach (var run in new[] { Comparison.Run, quick })
        {
            var output = new StringWriter();
            run(["yield", "yeild"], output).ShouldBeFalse();
            output.ToString().ShouldStartWith("No workload has 'yeild' in its name. There are: spawn_join, ");
        }
        Commands.Run(["quick", "yeild"]).ShouldBe(1);
        Commands.Run(["compare", "yeild"]).ShouldBe(1);
    }

    [Fact]
    public void A_peer_that_is_asked_for_a_workload_that_it_lacks_says_so_by_its_status()
    {
        Commands.Run(["one", "pump", "no_such_workload"]).ShouldBe(Outcome.NoSuchWorkload);
        Commands.Run(["one", "nobody", "yield_1"]).ShouldBe(Outcome.NoSuchWorkload);
        Commands.Run(["--filter", "*"]).ShouldBeNull();
    }

    [Fact]
    public void Something_of_this_library_and_of_a_peer_stands_in_every_row_and_the_page_defines_it()
    {
        string page = File.ReadAllText(Repository.PathOf("docs/performance.md"));
        string[] names = [.. Comparison.Workloads.Union(Catalogue.All.Select(static w => w.Name))];
        foreach (string name in names)
        {
            Catalogue.Own(name);
            page.ShouldContain($"`{name}`");
        }
        string peers = string.Concat(
            Directory.EnumerateFiles(Repository.PathOf("benchmarks/compare"), "*", SearchOption.AllDirectories)
                .Where(static file => Path.GetFileName(file) is "main.rs" or "main.go" or "bench.py")
                .Select(File.ReadAllText));
        foreach (string name in names.Where(static name => !Catalogue.All.Any(w => w.Name == name)))
        {
            peers.ShouldMatch($"\"{name}\"|def {name}\\(");
        }
    }

    [Theory]
    [InlineData(new[] { 10.0, 11, 12, 11, 10, 12 }, true)]
    [InlineData(new[] { 10.0, 11, 12, 30, 31, 32 }, false)]
    [InlineData(new[] { 10.0, 11, 99, 11, 10, 11 }, true)] // a single sample is no drift
    [InlineData(new[] { 10.0 }, true)]
    public void A_figure_has_drifted_if_the_median_of_its_last_third_is_beyond_the_limit(double[] samples, bool isSteady)
    {
        var figure = new Drift("heap", times: 1.1, plus: 3);
        Array.ForEach(samples, figure.Add);
        var output = new StringWriter();
        figure.Judge(output).ShouldBe(isSteady);
        output.ToString().ShouldContain(isSteady ? "steady" : "DRIFTED");
    }

    private static Outcome Figures(int figure)
        => Outcome.Of(new ProcessEnd(0, $"ns={figure} cpu_ns={figure} bytes={figure} heap={figure} rss={figure} rss_after_gc={figure}", ""));
}
