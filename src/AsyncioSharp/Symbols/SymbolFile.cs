using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace AsyncioSharp;

/// <summary>
/// The portable PDB of an assembly, beside it or embedded in it. One that does not belong to the assembly as it was loaded is refused; one that
/// is missing, damaged or refused is as good as none. Nothing here throws, and no file stays open.
/// </summary>
/// <remarks>Read into managed memory, which is held weakly: opened once for a run of questions, and gone when the collector needs the room.</remarks>
internal sealed class SymbolFile
{
    private static readonly ConditionalWeakTable<Assembly, WeakReference<SymbolFile>> s_opened = new();
    private static readonly WeakReference<SymbolFile> s_none = new(null!); // looked for once, and not found

    private const int IdentifierLength = 20;

    private readonly MetadataReaderProvider _provider;

    private SymbolFile(MetadataReaderProvider provider) => _provider = provider;

    /// <summary>The sequence points of a method in the order of its code; empty if there are none or they cannot be read.</summary>
    internal static IReadOnlyList<StatementPoint> PointsOf(MethodBase method)
    {
        try
        {
            return Of(method.Module.Assembly)?.Read(method.MetadataToken) ?? [];
        }
        catch (Exception)
        {
            return []; // missing, locked, cut off, damaged in whatever way: as good as none
        }
    }

    private static SymbolFile? Of(Assembly assembly)
    {
        if (s_opened.TryGetValue(assembly, out var known) && (known.TryGetTarget(out var file) || known == s_none))
        {
            return file;
        }
        file = Open(assembly);
        s_opened.AddOrUpdate(assembly, file is null ? s_none : new WeakReference<SymbolFile>(file));
        return file;
    }

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "Empty in a single-file program, which then has method names only.")]
    private static SymbolFile? Open(Assembly assembly)
    {
        string path = assembly.IsDynamic ? "" : assembly.Location;
        if (path.Length == 0)
        {
            return null;
        }
        if (ReadWhole(path) is not { } file)
        {
            return null;
        }
        using var image = new PEReader(new MemoryStream(file));
        var metadata = image.GetMetadataReader();
        if (metadata.GetGuid(metadata.GetModuleDefinition().Mvid) != assembly.ManifestModule.ModuleVersionId)
        {
            return null; // the file was replaced after it was loaded
        }
        byte[] beside = [];
        // Compares the identifier in the image with that of the PDB.
        if (!image.TryOpenAssociatedPortablePdb(path, ReadBeside, out var provider, out string? pdb))
        {
            return null;
        }
        if (pdb is not null && !HasChecksum(image, beside, provider!.GetMetadataReader().DebugMetadataHeader!.IdStartOffset))
        {
            provider.Dispose();
            return null; // of this build and changed afterwards: it may well be readable, and wrong
        }
        return new SymbolFile(provider!);

        MemoryStream? ReadBeside(string path) => ReadWhole(path) is { } read ? new MemoryStream(beside = read) : null;
    }

    // Null for what has no content of its own, wherever a link leads: to open a pipe, or to read a device, may take for ever.
    private static byte[]? ReadWhole(string path)
        => (File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path)) is FileInfo { Exists: true, Length: > 0 } ? File.ReadAllBytes(path) : null;

    // What the compiler has noted in the image is the hash of the PDB before the identifier, which is made of that hash, was put into it. Other
    // compilers may note none.
    private static bool HasChecksum(PEReader image, ReadOnlySpan<byte> pdb, int identifier)
    {
        byte[] content = [.. pdb];
        content.AsSpan(identifier, IdentifierLength).Clear();
        return image.ReadDebugDirectory()
            .Where(static entry => entry.Type == DebugDirectoryEntryType.PdbChecksum)
            .Select(image.ReadPdbChecksumDebugDirectoryData)
            .All(noted => noted.Checksum.AsSpan().SequenceEqual(CryptographicOperations.HashData(new HashAlgorithmName(noted.AlgorithmName), content)));
    }

    private List<StatementPoint> Read(int methodToken)
    {
        var reader = _provider.GetMetadataReader();
        var points = new List<StatementPoint>();
        var handle = MetadataTokens.MethodDefinitionHandle(methodToken & 0x00FFFFFF);
        foreach (var point in reader.GetMethodDebugInformation(handle).GetSequencePoints())
        {
            string file = point.Document.IsNil ? "" : reader.GetString(reader.GetDocument(point.Document).Name);
            points.Add(point.IsHidden
                ? new StatementPoint(point.Offset)
                : new StatementPoint(point.Offset, file, (point.StartLine, point.StartColumn), (point.EndLine, point.EndColumn)));
        }
        return points;
    }
}

/// <summary>Where in a method's code the statement of a piece of source begins; without a file: code that stands for no source.</summary>
internal readonly record struct StatementPoint(int Offset, string? File = null, (int Line, int Column) Start = default, (int Line, int Column) End = default)
{
    internal bool IsHidden => File is null;

    /// <summary>True if the source of <paramref name="other"/> is a part of this one's.</summary>
    internal bool Encloses(in StatementPoint other)
        => !IsHidden && File == other.File && Start.CompareTo(other.Start) <= 0 && End.CompareTo(other.End) >= 0 && (Start, End) != (other.Start, other.End);

    /// <summary>The opening brace of a body, which only unoptimised code has.</summary>
    internal bool IsBrace => Start.Line == End.Line && End.Column - Start.Column == 1;
}
