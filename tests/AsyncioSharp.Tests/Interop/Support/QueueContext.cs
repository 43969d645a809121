namespace AsyncioSharp.Tests.Interop.Support;

/// <summary>A context other than a loop's, that of a pool or a user interface: what is posted to it waits until the test runs it.</summary>
internal sealed class QueueContext : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = [];

    public override SynchronizationContext CreateCopy() => this;

    public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue((d, state));

    internal void RunAll()
    {
        var outer = Current;
        SetSynchronizationContext(this);
        while (_posted.TryDequeue(out var posted))
        {
            posted.Callback(posted.State);
        }
        SetSynchronizationContext(outer);
    }
}
