namespace AsyncioSharp;

// How requests to cancel are counted and taken back, which is what groups, timeouts and cancel scopes need of the task whose body they run.
public partial class CoroutineTask
{
    /// <summary>How often <see cref="Cancel"/> was called while the task was pending, less the calls of <see cref="Uncancel"/>. Mirrors <c>Task.cancelling()</c>.</summary>
    public int Cancelling => _cancelRequests;

    /// <summary>
    /// Takes back one request of <see cref="Cancel"/>. When none is left, a request that was only remembered is forgotten; an exception that is on its
    /// way is not stopped. For code that has dealt with a cancellation of its own making. Mirrors <c>Task.uncancel()</c>.
    /// </summary>
    /// <returns>The number of requests left.</returns>
    public int Uncancel()
    {
        if (_cancelRequests > 0 && --_cancelRequests == 0)
        {
            _mustCancel = false;
            _details?.Tokens?.Renew();
        }
        return _cancelRequests;
    }

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
