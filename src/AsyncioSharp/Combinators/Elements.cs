using System.Diagnostics.CodeAnalysis;

namespace AsyncioSharp;

/// <summary>The checks of what is given as one of several.</summary>
internal static class Elements
{
    /// <summary>Refuses an empty place, and says which it is.</summary>
    internal static void CheckNotNull([NotNull] object? element, int index, string argument, string? expected = null)
    {
        if (element is null)
        {
            expected ??= "a coroutine, a future, a task, or something else that can be awaited";
            throw new ArgumentNullException(argument, $"{argument}[{index}] is null; each must be {expected}.");
        }
    }
}
