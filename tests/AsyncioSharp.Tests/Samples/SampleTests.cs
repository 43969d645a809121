using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Samples;

/// <summary>Every program in samples/ builds without a warning and prints what samples/expected/ says.</summary>
[Collection<SamplesCollection>]
public class SampleTests(SampleRuns runs)
{
    public static TheoryData<string> Names() => [.. SampleRuns.Names()];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Names))]
    public async Task Prints_what_is_expected(string name)
    {
        var outcome = await runs.OutcomeOf(name);

        outcome.ExitCode.ShouldBe(0, $"samples/{name}.cs: {outcome}");
        var expected = await File.ReadAllTextAsync(Repository.PathOf($"samples/expected/{name}.txt"));
        if (SampleOutput.Difference(expected, outcome.Output) is { } difference)
            Assert.Fail($"samples/{name}.cs: {difference}\n--- standard error\n{outcome.Error}");
    }

    [Fact]
    public void Samples_and_expected_files_go_in_pairs()
    {
        SampleRuns.Names().Except(SampleRuns.ExpectedNames()).Select(name => $"samples/{name}.cs has no samples/expected/{name}.txt").ShouldBeEmpty();
        SampleRuns.ExpectedNames().Except(SampleRuns.Names()).Select(name => $"samples/expected/{name}.txt has no samples/{name}.cs").ShouldBeEmpty();
    }
}

/// <summary>The samples run when the other tests have ended: they load every core, and they keep real time.</summary>
[CollectionDefinition(DisableParallelization = true)]
public class SamplesCollection : ICollectionFixture<SampleRuns>;
