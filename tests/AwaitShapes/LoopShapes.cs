using AsyncioSharp;

namespace AwaitShapes;

/// <summary>Awaits in every part of every loop.</summary>
public static class LoopShapes
{
    public static async Coroutine For()
    {
        for (int i = 0; i < 2; i++)
        {
            await Probe.Future();
        }
        for (int i = await Probe.Future(0); i < await Probe.Future(2); i += await Probe.Future(1))
        {
            await Probe.Call();
        }
        for (
            int i = await Probe.Future(0);
            i < await Probe.Call(2);
            i += await Probe.Task(1))
        {
            await Probe.Call();
        }
    }

    public static async Coroutine While()
    {
        int n = 0;
        while (await Probe.Future(n++) < 2)
        {
            await Probe.Future();
            if (n == 1)
            {
                continue;
            }
            await Probe.Call();
        }
    }

    public static async Coroutine Do()
    {
        int n = 0;
        do
        {
            await Probe.Future();
        }
        while (await Probe.Call(n++) < 2);
    }

    public static async Coroutine Foreach()
    {
        foreach (var n in new[] { await Probe.Future(1), await Probe.Future(2) })
        {
            await Probe.Future(n);
        }
        foreach (var n in Enumerable.Range(0, await Probe.Call(2)))
        {
            await Probe.Future(n);
            foreach (var m in Enumerable.Range(0, 2))
            {
                await Probe.Call(n + m);
            }
        }
    }

    public static async Coroutine Forever()
    {
        for (int n = 0; ; n++)
        {
            if (await Probe.Future(n) == 2)
            {
                break;
            }
        }
        while (true)
        {
            await Probe.Future();
            return;
        }
    }
}
