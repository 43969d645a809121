namespace AsyncioSharp;

/// <summary>Writes frames as Python's traceback module would, each with the line of the source where that can be read; reads each file once.</summary>
internal sealed class FrameWriter(TextWriter writer)
{
    private readonly Dictionary<string, string[]> _files = [];

    internal void Write(IReadOnlyList<CoroutineFrame> frames)
    {
        foreach (var frame in frames)
        {
            writer.WriteLine($"  {frame}");
            if (frame is { File: { } file, Line: { } line } && LinesOf(file) is var lines && line <= lines.Length)
            {
                writer.WriteLine($"    {lines[line - 1].Trim()}");
            }
        }
    }

    private string[] LinesOf(string file)
    {
        if (!_files.TryGetValue(file, out string[]? lines))
        {
            try
            {
                lines = File.Exists(file) ? File.ReadAllLines(file) : [];
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                lines = []; // the text of the line is a convenience
            }
            _files.Add(file, lines);
        }
        return lines;
    }
}
