namespace AsyncioSharp;

/// <summary>A done callback: waits with its future, and is itself the entry of the ready queue when the future is done.</summary>
internal sealed class DoneCallback(Future future, Action<Future> callback, Context? context) : Runnable
{
    internal Action<Future> Callback => callback;

    internal override string CallbackName => MethodNames.Of(callback);

    /// <summary>For instance <c>&lt;Handle Program.Done(&lt;Future finished result=1&gt;)&gt;</c>.</summary>
    public override string ToString() => $"<Handle {MethodNames.Of(callback)}({TextForm.Whole(future)})>";

    internal override void Run(object? source)
    {
        try
        {
            ContextSwitch.Run(context, this, static self => self.Invoke());
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            var variables = context ?? ContextSwitch.TakeAndRest();
            future.Loop.CallExceptionHandler(new ExceptionContext
            {
                Message = $"Exception in callback {MethodNames.Of(callback)}()",
                Exception = e,
                Future = future,
                RunIn = variables,
            });
        }
    }

    private void Invoke() => callback(future);
}
