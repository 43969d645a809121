namespace AsyncioSharp;

/// <summary>A line of a source file.</summary>
internal readonly record struct SourcePosition(string File, int Line);
