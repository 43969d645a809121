namespace AsyncioSharp;

/// <summary>
/// Whether the library looks at fields that are private to .NET. It does so where they are what it knows, and knows what to do without them. A program can
/// do without by switches of <see cref="AppContext"/>: to see what it would be like, or should a new .NET have given a field another meaning.
/// </summary>
internal static class PrivateFields
{
    internal const string AwaitersSwitch = "AsyncioSharp.ReadsAwaiters";
    internal const string TasksSwitch = "AsyncioSharp.ReadsTasks";

    /// <summary>What stands behind an awaiter.</summary>
    internal static readonly bool OfAwaiters = IsOn(AwaitersSwitch);

    /// <summary>Who awaits a task, and what the method behind one waits for.</summary>
    internal static readonly bool OfTasks = IsOn(TasksSwitch);

    private static bool IsOn(string name) => !AppContext.TryGetSwitch(name, out bool isOn) || isOn;
}
