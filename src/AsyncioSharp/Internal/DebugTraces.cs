using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Where futures, tasks and handles of a loop in debug mode were made. Kept beside the objects, so that they need no field for it:
/// outside debug mode it costs nothing.
/// </summary>
internal static class DebugTraces
{
    private const int MaximumFrames = 10;

    private static readonly ConditionalWeakTable<object, StackTrace> s_traces = new();
    private static readonly ConditionalWeakTable<object, string> s_texts = new();

    /// <summary>Remembers the current stack as the place where <paramref name="owner"/> was made.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
    internal static void Record(object owner) => s_traces.AddOrUpdate(owner, Here());

    /// <summary>Remembers the text of what <paramref name="owner"/> is about to forget.</summary>
    internal static void Freeze(object owner, string text) => s_texts.AddOrUpdate(owner, text);

    /// <summary>What was remembered by <see cref="Freeze"/>, or null.</summary>
    internal static string? FrozenTextOf(object owner) => s_texts.TryGetValue(owner, out string? text) ? text : null;

    /// <summary>The current stack, of the program's own methods: what it did to get here.</summary>
    internal static StackTrace Here() => new(UserFrames.Of(new StackTrace(1, fNeedFileInfo: true).GetFrames()).Take(MaximumFrames));

    /// <summary>True for a frame of this library.</summary>
    internal static bool IsOwn(StackFrame frame) => DiagnosticMethodInfo.Create(frame)?.DeclaringAssemblyName == typeof(DebugTraces).Assembly.FullName;

    /// <summary>Where <paramref name="owner"/> was made; null if that was not recorded.</summary>
    internal static StackTrace? Of(object owner) => s_traces.TryGetValue(owner, out var trace) ? trace : null;

    /// <summary><c> created at FILE:LINE</c>, or nothing.</summary>
    internal static string CreatedAt(object owner)
    {
        var frame = Of(owner)?.GetFrame(0);
        if (frame is null)
        {
            return "";
        }
        return frame.GetFileName() is { } file ? $" created at {file}:{frame.GetFileLineNumber()}" : $" created at {DiagnosticMethodInfo.Create(frame)?.Name ?? "?"}";
    }
}
