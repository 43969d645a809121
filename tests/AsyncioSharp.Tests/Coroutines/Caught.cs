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
        catch (Exception e)
        {
            return e;
        }
    }
}
