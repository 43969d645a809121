using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Introspection;

/// <summary>Stacks of code whose PDB is beside the assembly, inside, missing, of another build, or damaged: lines where they are right, names always.</summary>
public sealed class SymbolFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("asyncio-symbols").FullName;

    private string Image => Path.Combine(_folder, "AwaitShapes.dll");

    private string Symbols => Path.Combine(_folder, "AwaitShapes.pdb");

    public void Dispose()
    {
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Some systems keep the files of loaded assemblies; the folder is a temporary one.
        }
    }

    [Fact]
    public void A_PDB_beside_the_assembly_gives_files_and_lines()
    {
        Deploy("AwaitShapes", pdb: true);
        Deepest(FromFile()).Line.ShouldNotBeNull();
        Deepest(FromFile()).File!.ShouldEndWith("StatementShapes.cs");
    }

    [Fact]
    public void A_PDB_inside_of_the_assembly_does_too()
    {
        Deploy("AwaitShapes.Optimized", pdb: false);
        Deepest(FromFile()).Line.ShouldNotBeNull();
    }

    [Fact]
    public void Without_a_PDB_there_are_the_names_of_the_methods()
    {
        Deploy("AwaitShapes", pdb: false);
        Deepest(FromFile()).ShouldBe(new CoroutineFrame("StatementShapes.Body"));
    }

    [Fact]
    public void The_PDB_of_another_build_is_refused()
    {
        Deploy("AwaitShapes", pdb: false);
        File.Copy(Path.ChangeExtension(typeof(SymbolFileTests).Assembly.Location, ".pdb"), Symbols);
        Deepest(FromFile()).ShouldBe(new CoroutineFrame("StatementShapes.Body"));
    }

    [Fact]
    public void A_PDB_that_was_changed_after_the_build_is_refused_although_it_can_be_read()
    {
        Deploy("AwaitShapes", pdb: true);
        byte[] bytes = File.ReadAllBytes(Symbols);
        int sources = bytes.AsSpan().IndexOf("StatementShapes.cs"u8);
        bytes[sources]++; // the name of a file: all else is as it was, the identifier too
        File.WriteAllBytes(Symbols, bytes);
        Deepest(FromFile()).ShouldBe(new CoroutineFrame("StatementShapes.Body"));
    }

    [Fact]
    public void An_assembly_that_is_replaced_after_it_was_loaded_has_no_lines()
    {
        Deploy("AwaitShapes", pdb: true);
        var loaded = FromFile();
        byte[] other = File.ReadAllBytes(Image);
        int identifier = other.AsSpan().IndexOf(loaded.ManifestModule.ModuleVersionId.ToByteArray());
        other[identifier]++; // all else is the same, so the PDB still belongs to it
        File.Move(Image, Image + ".old");
        File.WriteAllBytes(Image, other);
        Deepest(loaded).ShouldBe(new CoroutineFrame("StatementShapes.Body"));
    }

    [Fact]
    public void An_assembly_that_has_no_file_has_no_lines()
    {
        Deploy("AwaitShapes", pdb: true);
        var context = new AssemblyLoadContext(null, isCollectible: true);
        Deepest(context.LoadFromStream(new MemoryStream(File.ReadAllBytes(Image)))).ShouldBe(new CoroutineFrame("StatementShapes.Body"));
    }

    [Fact]
    public void A_damaged_PDB_never_throws()
    {
        Deploy("AwaitShapes", pdb: true);
        byte[] good = File.ReadAllBytes(Symbols);
        var random = new Random(1);
        for (int round = 0; round < 60; round++)
        {
            byte[] bad = [.. good];
            if (round < 20)
            {
                bad = bad[..(good.Length * round / 20)]; // cut off
            }
            else
            {
                for (int i = 0; i < 1 << (round % 12); i++)
                {
                    bad[random.Next(bad.Length)] = (byte)random.Next(256);
                }
            }
            File.WriteAllBytes(Symbols, bad);
            Deepest(FromFile()).ShouldBe(new CoroutineFrame("StatementShapes.Body")); // and gives no wrong lines
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pipe_in_the_place_of_the_PDB_is_not_opened_nor_one_to_which_a_link_leads(bool isLinked)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no pipes among its files.");
        Deploy("AwaitShapes", pdb: false);
        string pipe = isLinked ? Path.Combine(_folder, "pipe") : Symbols;
        using (var made = Process.Start("mkfifo", [pipe]))
        {
            made.WaitForExit();
        }
        if (isLinked)
        {
            File.CreateSymbolicLink(Symbols, pipe);
        }
        var image = FromFile();
        Task.Run(() => Deepest(image)).Wait(TimeSpan.FromSeconds(Signal.LimitSeconds)).ShouldBeTrue(); // whoever opens it waits for one who writes
        Deepest(image).ShouldBe(new CoroutineFrame("StatementShapes.Body"));
    }

    [Fact]
    public void A_link_to_the_PDB_is_as_good_as_the_PDB()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "On Windows not everybody may make links.");
        Deploy("AwaitShapes", pdb: true);
        File.Move(Symbols, Symbols + ".kept");
        File.CreateSymbolicLink(Symbols, Symbols + ".kept");
        Deepest(FromFile()).Line.ShouldNotBeNull();
    }

    [Fact]
    public void Types_and_assemblies_that_were_asked_about_can_still_be_unloaded()
    {
        Deploy("AwaitShapes", pdb: true);
        var context = AskAndForget();
        for (int i = 0; i < 20 && context.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        context.IsAlive.ShouldBeFalse();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference AskAndForget()
    {
        var loaded = FromFile();
        Deepest(loaded).Line.ShouldNotBeNull();
        var context = AssemblyLoadContext.GetLoadContext(loaded)!;
        context.Unload();
        return new WeakReference(context);
    }

    // In a context of its own each time, so that the next one may be another file of that name.
    private Assembly FromFile() => new AssemblyLoadContext(null, isCollectible: true).LoadFromAssemblyPath(Image);

    private void Deploy(string assembly, bool pdb)
    {
        string source = Assembly.Load(assembly).Location;
        File.Copy(source, Image);
        if (pdb)
        {
            File.Copy(Path.ChangeExtension(source, ".pdb"), Symbols);
        }
    }

    // The frame of the program's code in which a task of it is suspended.
    private static CoroutineFrame Deepest(Assembly assembly)
    {
        var body = assembly.GetType("AwaitShapes.StatementShapes")!.GetMethod("Body")!;
        var complete = assembly.GetType("AwaitShapes.Probe")!.GetMethod("Complete")!;
        return VirtualTimeLoop.Run(Ask());

        async Coroutine<CoroutineFrame> Ask()
        {
            var task = Asyncio.CreateTask((Coroutine)body.Invoke(null, null)!);
            await Asyncio.Sleep(0);
            var frame = task.GetStack()[^1];
            complete.Invoke(null, null);
            await task;
            return frame;
        }
    }
}
