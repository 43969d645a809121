using AsyncioSharp;

namespace AwaitShapes;

/// <summary>Awaits in try, catch and finally, and in what the compiler turns into those.</summary>
public static class ProtectedShapes
{
    public static async Coroutine TryFinally()
    {
        try
        {
            await Probe.Future();
            await Probe.Call();
        }
        finally
        {
            await Probe.Future();
            await Probe.Task();
        }
        await Probe.Future();
    }

    public static async Coroutine Catch()
    {
        try
        {
            await Probe.Fail();
        }
        catch (InvalidOperationException e) when (e.Message.Length > 0)
        {
            await Probe.Future();
            await Probe.Call();
        }
        await Probe.Future();
    }

    public static async Coroutine CatchAndFinally()
    {
        try
        {
            await Probe.Call();
            await Probe.Fail();
        }
        catch (FormatException)
        {
            await Probe.Call();
        }
        catch (InvalidOperationException)
        {
            await Probe.Call();
            await Probe.Task();
        }
        finally
        {
            await Probe.Call();
        }
    }

    public static async Coroutine Nested()
    {
        try
        {
            await Probe.Future();
            try
            {
                await Probe.Fail();
            }
            catch (InvalidOperationException)
            {
                await Probe.Future();
                try
                {
                    await Probe.Call();
                }
                finally
                {
                    await Probe.Future();
                }
                throw;
            }
            finally
            {
                await Probe.Call();
            }
        }
        catch (InvalidOperationException)
        {
            await Probe.Future();
        }
    }

    public static async Coroutine<int> ReturnThroughFinally()
    {
        try
        {
            return await Probe.Future();
        }
        finally
        {
            await Probe.Call();
        }
    }

    public static async Coroutine InALoop()
    {
        for (int i = 0; i < 3; i++)
        {
            try
            {
                await Probe.Future();
                if (i == 1)
                {
                    continue;
                }
                await Probe.Fail();
            }
            catch (InvalidOperationException)
            {
                await Probe.Call();
                if (i == 2)
                {
                    break;
                }
            }
            finally
            {
                await Probe.Task();
            }
        }
    }

    public static async Coroutine Using()
    {
        using (var stream = new MemoryStream(await Probe.Future()))
        {
            await Probe.Future();
        }
        using var other = new MemoryStream(await Probe.Call());
        await Probe.Future();
    }

    public static async Coroutine AwaitUsing()
    {
        await using (new Resource())
        {
            await Probe.Future();
        }
        await using var resource = new Resource();
        await Probe.Call();
        await using var configured = new Resource().ConfigureAwait(false);
        await Probe.Call();
    }

    public static async Coroutine BesideALock()
    {
        var gate = new object();
        await Probe.Future();
        lock (gate)
        {
            _ = gate.GetHashCode();
        }
        await Probe.Future();
    }
}
