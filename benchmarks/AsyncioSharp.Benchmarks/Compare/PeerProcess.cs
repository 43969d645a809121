using System.Diagnostics;

namespace AsyncioSharp.Benchmarks.Compare;

/// <summary>A process of a peer. It and what it has started are killed if it still runs when this is disposed, or when this program is told to end.</summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors; // read as they come: a pipe that nobody reads fills

    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    internal PeerProcess(string program, string[] arguments, string folder)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
        AppDomain.CurrentDomain.ProcessExit += Kill;
    }

    internal int Id => _process.Id;

    /// <summary>The next line that it prints; null if it ends instead.</summary>
    internal Task<string?> ReadLine() => _process.StandardOutput.ReadLineAsync();

    /// <summary>Waits until it ends.</summary>
    internal ProcessEnd End(TimeSpan limit)
    {
        var output = _process.StandardOutput.ReadToEndAsync();
        return _process.WaitForExit(limit)
            ? new ProcessEnd(_process.ExitCode, output.GetAwaiter().GetResult(), _errors.GetAwaiter().GetResult())
            : new ProcessEnd(null, "", $"not done after {limit.TotalMinutes} minutes");
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        Kill(null, EventArgs.Empty);
        _process.Dispose();
    }

    private void Kill(object? sender, EventArgs e)
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
    }
}
