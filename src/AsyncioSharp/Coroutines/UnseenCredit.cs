namespace AsyncioSharp;

/// <summary>
/// Whether to let coroutines of one method run without a task until one is needed. To make it later costs a fifth more than to make it at once: so one that was needed has
/// the tasks of the next ones made at once. Methods whose coroutines mostly wait for something thus pay a hundredth of that, and those that never do have none made.
/// </summary>
internal struct UnseenCredit
{
    private const int Price = 64;
    private const int Most = 1 << 20; // so that a program that has changed its ways is noticed

    private int _debt;

    /// <summary>True if the next one may run without.</summary>
    internal bool TrySpare()
    {
        if (_debt > 0)
        {
            _debt--;
            return false;
        }
        return true;
    }

    /// <summary>One was needed after all.</summary>
    internal void Charge() => _debt = Math.Min(_debt + Price, Most);
}
