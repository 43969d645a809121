using System.Collections.Concurrent;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop.Support;

/// <summary>
/// A host with a message loop of its own, as that of a user interface: one thread that runs what is posted to its context, first come, first
/// served, until it is disposed.
/// </summary>
internal sealed class HostPump : IDisposable
{
    private readonly BlockingCollection<Action> _messages = [];
    private readonly TestThread _thread;

    public HostPump()
    {
        Context = new PumpContext(this);
        var started = new Signal();
        _thread = new TestThread(() =>
        {
            ThreadId = Environment.CurrentManagedThreadId;
            SynchronizationContext.SetSynchronizationContext(Context);
            started.Set();
            foreach (var message in _messages.GetConsumingEnumerable())
            {
                Messages++;
                message();
            }
        });
        started.Wait();
    }

    public SynchronizationContext Context { get; }

    public int ThreadId { get; private set; }

    /// <summary>How many messages were run. For the host's thread.</summary>
    public int Messages { get; private set; }

    public void Post(Action message) => _messages.Add(message);

    /// <summary>Runs a function in the host's thread and gives its result, or throws its exception.</summary>
    public T Run<T>(Func<Task<T>> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() => _ = Forward());
        return done.Task.WaitAsync(TimeSpan.FromSeconds(Signal.LimitSeconds)).GetAwaiter().GetResult();

        async Task Forward()
        {
            try
            {
                done.SetResult(await function());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }
    }

    public void Run(Func<Task> function) => Run(async () =>
    {
        await function();
        return true;
    });

    /// <summary>Ends the loop: from now on a post fails.</summary>
    public void End() => _messages.CompleteAdding();

    public void Dispose()
    {
        End();
        _thread.Join();
        _messages.Dispose();
    }

    private sealed class PumpContext(HostPump pump) : SynchronizationContext
    {
        public override SynchronizationContext CreateCopy() => this;

        public override void Post(SendOrPostCallback d, object? state) => pump.Post(() => d(state));
    }
}
