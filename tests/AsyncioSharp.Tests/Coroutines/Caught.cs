namespace AsyncioSharp.Tests.Coroutines;

/// <summary>Awaits something that is expected to fail, and gives the failure instead of throwing it.</summary>
internal static class Caught
{
    /// <summary>What awaiting threw, or null.</summary>
    internal static async Coroutine<Exception?> By(IAwaitable awaitable)
    {
        try
        {
            await awaitable;
            return null;
        }
#pragma warning disable ASYNCIO004 // a cancellation is an outcome like others here
        catch (Exception e)
#pragma warning restore ASYNCIO004
        {
            return e;
        }
    }
}
