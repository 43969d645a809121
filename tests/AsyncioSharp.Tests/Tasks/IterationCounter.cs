namespace AsyncioSharp.Tests.Tasks;

/// <summary>
/// Counts the iterations of the running loop: a callback that queues itself again, always the first of its iteration. Virtual time stands
/// still meanwhile, since there is always something to do.
/// </summary>
internal sealed class IterationCounter : IDisposable
{
    private readonly EventLoop _loop = Asyncio.GetRunningLoop();
    private bool _stopped;

    internal IterationCounter() => _loop.CallSoon(Tick);

    internal int Now { get; private set; }

    public void Dispose() => _stopped = true;

    private void Tick()
    {
        Now++;
        if (!_stopped)
            _loop.CallSoon(Tick);
    }
}
