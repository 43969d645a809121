using System.Globalization;

namespace AsyncioSharp.Benchmarks.Compare;

/// <summary>One run of an echo workload: the server of a peer in one process, what asks it (<see cref="EchoLoad"/>) in another one. The server is killed in the end.</summary>
internal static class EchoRun
{
    private static readonly TimeSpan s_untilListening = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_untilMeasured = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_untilEnded = TimeSpan.FromSeconds(1); // of a server that has failed

    internal static Outcome Measure(Peer peer, string workload)
    {
        try
        {
            using var server = peer.Start([.. Processors.Pin(Processors.OfServer), .. peer.Command, workload, "0"]);
            var line = server.ReadLine();
            if (!line.Wait(s_untilListening))
            {
                return new Outcome(null, $"it did not listen within {s_untilListening.TotalSeconds} seconds");
            }
            if (Port(line.Result) is not { } port)
            {
                return Outcome.Of(server.End(s_untilListening));
            }
            string[] load = [.. Processors.Pin(Processors.OfLoad), .. Peer.Program(), "load", $"{port}", $"{server.Id}"];
            var outcome = Outcome.Of(new Peer("load", load).Run(load, s_untilMeasured));
            return outcome.Failure is not null && server.End(s_untilEnded) is { ExitCode: not null } crash ? Outcome.Of(crash) : outcome;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return new Outcome(null, e.Message); // there is no such program
        }
    }

    /// <summary>The port in the line that a server prints; null if it has ended, or printed something else.</summary>
    internal static int? Port(string? line)
        => line is not null && line.StartsWith(EchoServers.Listening, StringComparison.Ordinal)
            && int.TryParse(line.AsSpan(EchoServers.Listening.Length), CultureInfo.InvariantCulture, out int port) ? port : null;
}
