namespace AsyncioSharp;

/// <summary>
/// Whether to let coroutines of one method run without a task until one is needed. To make it later costs more than to make it at once: so each that was needed
/// has the tasks of the next ones made at once. Methods whose coroutines wait for something, as most do, thus pay it for one in sixty-five.
/// </summary>
internal struct UnmadeCredit
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
