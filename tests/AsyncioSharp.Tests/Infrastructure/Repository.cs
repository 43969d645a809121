namespace AsyncioSharp.Tests.Infrastructure;

/// <summary>The checkout that the running tests were built from: the nearest folder upwards that holds the solution.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The absolute path of something given relative to the root, with '/' between folders.</summary>
    public static string PathOf(string relative) => Path.GetFullPath(Path.Combine(Root, relative));

    /// <summary>The reverse of <see cref="PathOf"/>: how messages name a file.</summary>
    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    /// <summary>Every hand-written C# file below a folder, in a stable order; build output is left out.</summary>
    public static IReadOnlyList<string> SourceFiles(string folder)
    {
        var root = PathOf(folder);
        if (!Directory.Exists(root))
            return [];

        return
        [
            .. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                .Where(file => !Path.GetRelativePath(root, file).Split('/', '\\').Any(part => part is "bin" or "obj"))
                .Order(StringComparer.Ordinal),
        ];
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (folder.EnumerateFiles("AsyncioSharp.slnx").Any())
                return folder.FullName;
        }

        throw new InvalidOperationException(
            $"AsyncioSharp.slnx is in none of the folders above {AppContext.BaseDirectory}; the checks read the sources and must run from a build inside the checkout.");
    }
}
