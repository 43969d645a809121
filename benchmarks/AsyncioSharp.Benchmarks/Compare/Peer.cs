namespace AsyncioSharp.Benchmarks.Compare;

/// <summary>A program with the same workloads: another runtime's, or this one in a process of its own.</summary>
/// <param name="Name">What it is called in the table.</param>
/// <param name="Command">The command line; the name of a workload and the number of operations are added to it.</param>
/// <param name="Build">What has to be run once before, in <paramref name="Folder"/>.</param>
/// <param name="Probe">A command that fails where the peer is not installed.</param>
/// <param name="Folder">The folder of its source; null for this program.</param>
/// <param name="Share">Operations as a share of this library's: less than 1 for a peer that is far slower.</param>
internal sealed record Peer(string Name, string[] Command, string[]? Build = null, string[]? Probe = null, string? Folder = null, double Share = 1)
{
    /// <summary>The peers in the order of the table, this library first.</summary>
    internal static IEnumerable<Peer> All()
    {
        yield return Own("asyncio");
        yield return Own("pump");
        yield return Own("pool");
        yield return new Peer("floor", ["bin/Release/net10.0/floor-dotnet", "floor"], ["dotnet", "build", "-c", "Release", "-v", "q"], Folder: "floor");
        string? unitask = Environment.GetEnvironmentVariable("UNITASK_DLL");
        yield return new Peer(
            "unitask",
            ["bin/Release/net10.0/peer-unitask", "unitask"],
            ["dotnet", "build", "-c", "Release", "-v", "q", $"-p:UniTaskDll={unitask}"],
            ["test", "-f", unitask ?? ""],
            "unitask");
        yield return new Peer("tokio", ["target/release/peer-tokio", "tokio"], ["sh", "build.sh"], ["cargo", "--version"], "tokio");
        yield return new Peer("go", ["env", "GOMAXPROCS=1", "GOTRACEBACK=none", "./peergo", "go"], ["go", "build", "-o", "peergo", "."], ["go", "version"], "go");
        yield return new Peer("node", ["node", "--max-old-space-size=12288", "--expose-gc", "bench.js", "node"], null, ["node", "--version"], "node");
        foreach (string python in Pythons())
        {
            string name = Version(python);
            yield return new Peer($"cpython{name}", [python, "bench.py", "cpython", "std"], null, [python, "--version"], "cpython", 0.1);
            yield return new Peer($"uvloop (cpython{name})", [python, "bench.py", "uvloop", "uvloop"], null, [python, "-c", "import uvloop"], "cpython", 0.1);
            yield return new Peer($"trio (cpython{name})", [python, "bench.py", "trio"], null, [python, "-c", "import trio"], "trio", 0.02);
        }
    }

    /// <summary>Probes and builds. Null if it is ready; otherwise why it has to be left out.</summary>
    internal string? Prepare()
    {
        if (Probe is not null && Run(Probe, TimeSpan.FromSeconds(20)).ExitCode != 0)
        {
            return $"not installed ({string.Join(' ', Probe)})";
        }
        if (Build is not null && Run(Build, TimeSpan.FromMinutes(10)) is { ExitCode: not 0 } failed)
        {
            return $"cannot be built ({string.Join(' ', Build)}): {$"{failed.Output}\n{failed.Errors}".Trim().Split('\n')[^1]}";
        }
        return null;
    }

    /// <summary>Runs a workload in a process of its own, with as many operations as told, or as the peer itself thinks right.</summary>
    internal Outcome Measure(string workload, int? operations = null)
        => Catalogue.Own(workload).IsServer
            ? EchoRun.Measure(this, workload)
            : Outcome.Of(Run([.. Command, workload, .. operations is { } n ? [$"{n}"] : Array.Empty<string>()], TimeSpan.FromMinutes(4)));

    /// <summary>This program in a process of its own.</summary>
    /// <param name="name">Which of the peers that it has.</param>
    internal static Peer Own(string name) => new(name, [.. Program(), "one", name]);

    /// <summary>This program, however it was started: as itself, or by way of 'dotnet'.</summary>
    internal static string[] Program()
        => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.ProcessPath!, typeof(Peer).Assembly.Location] : [Environment.ProcessPath!];

    /// <summary>Starts a command in the folder.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    internal PeerProcess Start(string[] command)
    {
        string folder = Folder is null ? Environment.CurrentDirectory : Path.Combine(Repository(), "benchmarks", "compare", Folder);
        string program = Path.Combine(folder, command[0]);
        return new PeerProcess(File.Exists(program) ? program : command[0], command[1..], folder);
    }

    /// <summary>Runs a command until it ends, or is killed since it took too long.</summary>
    internal ProcessEnd Run(string[] command, TimeSpan limit)
    {
        try
        {
            using var process = Start(command);
            return process.End(limit);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return new ProcessEnd(null, "", e.Message); // there is no such program
        }
    }

    // The interpreters to compare with, separated as in PATH; the one that is found by its name unless told.
    private static string[] Pythons()
        => Environment.GetEnvironmentVariable("COMPARE_PYTHONS")?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? ["python3"];

    private static string Version(string python)
        => new Peer(python, []).Run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], TimeSpan.FromSeconds(20)).Output.Trim();

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "AsyncioSharp.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Run the comparison from a checkout of the repository: the peers' sources are there.");
        }
        return folder.FullName;
    }
}
