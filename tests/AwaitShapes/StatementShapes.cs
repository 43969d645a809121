using AsyncioSharp;

namespace AwaitShapes;

/// <summary>Awaits in every kind of statement.</summary>
public static class StatementShapes
{
    public static async Coroutine Plain()
    {
        await Probe.Future();
        await Probe.Call();
        await Probe.Task();
        _ = await Probe.Future();
    }

    public static async Coroutine Locals()
    {
        var a = await Probe.Future();
        int b = await Probe.Call(), c = await Probe.Call();
        a += await Probe.Future(b + c);
        a = b = await Probe.Task(a);
        (a, b) = (await Probe.Future(a), await Probe.Future(b));
    }

    public static async Coroutine<int> Return()
    {
        return await Probe.Future();
    }

    public static async Coroutine<int> ReturnOfSeveral()
    {
        return await Probe.Future() + await Probe.Call() - await Probe.Task();
    }

    public static async Coroutine<int> Body() => await Probe.Future();

    public static async Coroutine<int> BodyOnALineOfItsOwn()
        => await Probe.Future();

    public static async Coroutine If()
    {
        if (await Probe.Future() > 0)
        {
            await Probe.Future();
        }
        if (await Probe.Call() < 0)
        {
            await Probe.Call();
        }
        else if (await Probe.Call() > 0)
        {
            await Probe.Task();
        }
        else
        {
            await Probe.Call();
        }
        if (await Probe.Future() > 0) await Probe.Future(); else await Probe.Call();
    }

    public static async Coroutine SwitchStatement()
    {
        for (int i = 0; i < 4; i++)
        {
            switch (await Probe.Future(i))
            {
                case 0:
                    await Probe.Future();
                    break;
                case 1:
                    await Probe.Call();
                    goto case 2;
                case 2:
                    await Probe.Task();
                    break;
                case var n when n > 2:
                    await Probe.Call();
                    break;
            }
        }
    }

    public static async Coroutine Goto()
    {
        int n = 0;
    again:
        await Probe.Future();
        if (n++ < 2)
        {
            await Probe.Call();
            goto again;
        }
        await Probe.Task();
    }

    public static async Coroutine Blocks()
    {
        {
            await Probe.Future();
            {
                await Probe.Call();
            }
        }
        checked
        {
            await Probe.Call();
        }
    }

    public static async Coroutine Throwing()
    {
        try
        {
            throw new InvalidOperationException($"{await Probe.Future()}");
        }
        catch (InvalidOperationException)
        {
        }
    }

    public static async Coroutine CodeThatCannotBeReached()
    {
        await Probe.Future();
        for (int i = 0; i < 1; i++)
        {
            await Probe.Future();
            break;
#pragma warning disable CS0162 // the compiler then numbers the awaits with a gap
            await Probe.Call();
#pragma warning restore CS0162
        }
        await Probe.Call();
    }

    public static async Coroutine StatementsOfSeveralLines()
    {
        var sum = await Probe.Future()
            + await Probe.Future(up: 1)
            + await Probe.Call(up: 2);
        Use(
            await Probe.Future(up: 1),
            await Probe.Call(up: 2));
        if (sum > 0
            && await Probe.Future(up: 1) > 0)
        {
            await Probe.Call();
        }
        await Probe.Call(
            sum);
        var made = new List<int>
        {
            await Probe.Future(up: 2),
            await Probe.Task(up: 3),
        };
        Use(made.Count, sum > 0
            ? await Probe.Future(up: 1)
            : await Probe.Future(up: 2));
    }

    // Each of more than a hundred awaits has a state of its own: constants of every length occur.
    public static async Coroutine VeryMany()
    {
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
        await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future(); await Probe.Future();
    }

    private static void Use(int a, int b) => _ = a + b;
}
