namespace AsyncioSharp;

/// <summary>
/// An entry with what made it ready, for the few that must be told (see <see cref="Wakeup"/>): the exception to deliver, which of several futures is done. It is
/// also what an entry comes in that another thread sends and that is no link of the inbox itself. The ready queue opens it when its turn comes.
/// </summary>
internal sealed class Envelope(Runnable target, object? source) : Runnable
{
    private Runnable? _earlier;

    internal Runnable Target => target;

    internal object? Source => source;

    internal override ref Runnable? EarlierSent => ref _earlier;

    internal override void Run(object? source) => throw new InvalidOperationException("An envelope is opened by the ready queue.");
}
