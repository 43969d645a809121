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

    /// <summary>That is to be asked again in the future's turn, on the loop's thread.</summary>
    Later,
}
