namespace AsyncioSharp;

// What groups, timeouts and cancel scopes need to know of the task whose body they run. Nothing here is on the way of a task that uses none.
public partial class CoroutineTask
{
    /// <summary>
    /// The requests that have been made, less one that is still to be delivered. A scope notes it when it is entered; more than that at its
    /// end, not counting its own, were made by others meanwhile.
    /// </summary>
    internal int SettledRequests => _mustCancel ? _cancelRequests - 1 : _cancelRequests;

    /// <summary>
    /// Takes back a request that a scope made. True if only those of before are left; then it must not be delivered any more either.
    /// False if others have asked for cancellation too.
    /// </summary>
    internal bool TakeBack(int settled)
    {
        if (Uncancel() > settled)
        {
            return false;
        }
        _mustCancel = false;
        return true;
    }
}
