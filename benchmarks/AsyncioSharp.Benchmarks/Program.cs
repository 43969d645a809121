using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;

namespace AsyncioSharp.Benchmarks;

/// <summary>The program: <see cref="Commands"/>, and BenchmarkDotNet for every other command line, for instance <c>--filter *</c>.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (Commands.Run(args) is { } status)
        {
            return status;
        }
        var config = ManualConfig.Create(DefaultConfig.Instance).WithBuildTimeout(TimeSpan.FromMinutes(10)); // it builds the library again
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
        return 0;
    }
}
