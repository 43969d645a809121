namespace AsyncioSharp;

/// <summary>One frame of a task's stack.</summary>
/// <param name="Method">The method, with its class.</param>
/// <param name="File">The source file, if known.</param>
/// <param name="Line">The line, if known.</param>
public sealed record CoroutineFrame(string Method, string? File = null, int? Line = null)
{
    /// <summary>As Python prints a frame: <c>File "F", line N, in NAME</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"File \"{File ?? "?"}\", line {Line?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}, in {Method}";
}
