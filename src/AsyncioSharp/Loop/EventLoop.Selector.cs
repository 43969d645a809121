namespace AsyncioSharp;

// Waiting for sockets, of a loop that rests in the operating system's way and where that is Linux. Until the first wait a loop pays one look at a field for it.
public sealed partial class EventLoop
{
    private Selector? _selector;

    /// <summary>True if this loop can wait for sockets itself.</summary>
    internal bool HasSelector => OperatingSystem.IsLinux() && _parker is ThreadParker;

    /// <summary>What it waits with; only if <see cref="HasSelector"/>, and on its thread.</summary>
    internal Selector Selector => _selector ?? AddSelector();

    private Selector AddSelector() => _selector = ((ThreadParker)_parker).Selector = new Selector();

    private void CloseSelector() => _selector?.Dispose();
}
