namespace AsyncioSharp;

/// <summary>How an entry is to be made ready for a future at which it waits.</summary>
internal enum Wakeup : byte
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>It knows what it waits for, and need not be told.</summary>
    Plain,

    /// <summary>It waits for several, and is told which is done: that costs an object.</summary>
    Named,

    /// <summary>It is told in its turn, on the loop's thread, and then decides.</summary>
    Later,
}
