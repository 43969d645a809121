namespace AsyncioSharp;

/// <summary>
/// Cancels a token of this library's own. The one who asked for it cannot know the token's callbacks, so what they throw is not for him, nor what they set: a context
/// variable that one of them sets, or the exception handler, is as it was when they have run.
/// </summary>
internal static class TokenCallbacks
{
    /// <summary>Every callback runs, here and now, whatever becomes of the others; the exception handler is told of each failure.</summary>
    internal static void Run(CancellationTokenSource source, EventLoop loop, Func<Exception, ExceptionContext> report)
    {
        var context = ExecutionContext.Capture();
        try
        {
            source.Cancel();
        }
        catch (AggregateException e)
        {
            foreach (var failure in e.InnerExceptions)
            {
                loop.CallExceptionHandler(report(failure));
            }
        }
        finally
        {
            ContextSwitch.Return(context);
        }
    }
}
