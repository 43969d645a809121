namespace AsyncioSharp.Tests.Infrastructure;

/// <summary>A future whose <c>Cancel</c>, which a program may override, throws.</summary>
internal sealed class UncancellableFuture(EventLoop loop) : Future<int>(loop)
{
    public override bool Cancel(string? message = null) => throw new NotSupportedException("This cannot be cancelled.");
}
