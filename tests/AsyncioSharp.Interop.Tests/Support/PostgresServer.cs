using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace AsyncioSharp.Interop.Tests.Support;

/// <summary>
/// A PostgreSQL server of the test's own, in a temporary folder and on a free port, if one is installed. The server refuses to run as root; then it
/// runs as the user that its package made.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private const string User = "postgres";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("asynciosharp-pg-");
    private Process? _server;

    /// <summary>Why there is no server; null if there is one.</summary>
    public string? Missing { get; private set; }

    /// <summary>Where it is.</summary>
    public string ConnectionString { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Missing = OperatingSystem.IsWindows() ? "The test starts PostgreSQL on Unix only."
            : Find("initdb") is null || Find("postgres") is null ? "PostgreSQL (initdb, postgres) is not installed."
            : Environment.IsPrivilegedProcess && (Find("runuser") is null || !await Succeeds("id", User))
                ? $"PostgreSQL does not run as root, and there is no user {User} to run it as."
            : null;
        if (Missing is not null)
        {
            return;
        }
        string data = Path.Combine(_folder.FullName, "data");
        if (Environment.IsPrivilegedProcess)
        {
            await Execute("chown", [User, _folder.FullName]);
        }
        await Execute("initdb", ["--pgdata", data, "--username", User, "--auth", "trust", "--no-sync", "--no-locale", "--encoding", "UTF8"]);
        int port = FreePort();
        _server = Start("postgres", ["-D", data, "-p", $"{port}", "-h", "127.0.0.1", "-k", _folder.FullName, "-F"]);
        ConnectionString = $"Host=127.0.0.1;Port={port};Username={User};Database=postgres;Maximum Pool Size=20;Timeout=5";
        await UntilItAnswers();
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_server is not null)
        {
            // Not killed: its own processes would stay behind.
            await Execute("pg_ctl", ["stop", "--pgdata", Path.Combine(_folder.FullName, "data"), "--mode", "immediate"]);
            await _server.WaitForExitAsync();
            _server.Dispose();
        }
        _folder.Delete(recursive: true);
    }

    private async Task UntilItAnswers()
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString);
                await connection.OpenAsync();
                return;
            }
            catch (NpgsqlException) when (watch.Elapsed.TotalSeconds < Scenario.LimitSeconds && !_server!.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // Debian keeps most of them out of the path.
    private static string? Find(string program)
    {
        string[] installed = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Concat(installed.OrderDescending().Select(version => Path.Combine(version, "bin")))
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
    }

    private Process Start(string program, IEnumerable<string> arguments)
    {
        bool asUser = Environment.IsPrivilegedProcess && program is not ("chown" or "id");
        string path = Find(program) ?? program;
        return Process.Start(new ProcessStartInfo(asUser ? "runuser" : path, asUser ? ["-u", User, "--", path, .. arguments] : arguments)
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private async Task<bool> Succeeds(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }

    private async Task Execute(string program, string[] arguments)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} failed: {await output}{error}");
        }
    }
}
