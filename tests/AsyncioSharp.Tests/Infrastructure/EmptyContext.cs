namespace AsyncioSharp.Tests.Infrastructure;

/// <summary>
/// A thread in whose context nothing was ever set, as that of a program's start. The test framework sets values of its own, and a task or callback
/// in the empty context is treated apart: so what is about contexts must be tested there too.
/// </summary>
internal static class EmptyContext
{
    /// <summary>Runs something there and waits for it; what it throws is thrown.</summary>
    internal static void Run(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(action));
        thread.UnsafeStart();
        thread.Join(TimeSpan.FromSeconds(30)).ShouldBeTrue("the thread hangs");
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }
}
