using AsyncioSharp;

namespace AwaitShapes;

/// <summary>Awaits inside of expressions.</summary>
public static class ExpressionShapes
{
    private const int Five = 5;

    public static async Coroutine Operators()
    {
        var n = await Probe.Future() * (await Probe.Call() + 1);
        var all = await Probe.Future() > 0 && await Probe.Future() > 0 && await Probe.Call() > 0;
        var any = await Probe.Future() < 0 || await Probe.Call() > 0;
        var chosen = all ? await Probe.Future() : await Probe.Call();
        var other = !any ? await Probe.Future() : await Probe.Call();
        int? nothing = n > 1000 ? 1 : null;
        var filled = nothing ?? await Probe.Task();
        nothing ??= await Probe.Future(filled + chosen + other);
    }

    public static async Coroutine Arguments()
    {
        Use(await Probe.Future(), await Probe.Future(), await Probe.Call());
        Use(await Probe.Call(await Probe.Future(await Probe.Task())), 1, 2);
        var list = new List<int>(await Probe.Future()) { await Probe.Future(), await Probe.Call() };
        int[] array = [await Probe.Future(), .. list, await Probe.Call()];
        array[await Probe.Future(0)] = await Probe.Future();
        array[0] += await Probe.Call();
        list[await Probe.Future(0)]++;
        _ = new Holder(await Probe.Future()) { Value = await Probe.Future() };
        _ = new Holder(1) with { Value = await Probe.Call() };
    }

    public static async Coroutine Text()
    {
        _ = $"{await Probe.Future()} and {await Probe.Call():D3}";
        _ = (await Probe.Future()).ToString(System.Globalization.CultureInfo.InvariantCulture).Length;
        _ = (object)await Probe.Future() is int and > 0;
        _ = (await Probe.Future(), await Probe.Call());
        _ = checked((byte)await Probe.Future());
        _ = new { Value = await Probe.Future() };
        _ = nameof(Text) + await Probe.Task();
    }

    public static async Coroutine SwitchOnOneLine()
    {
        _ = await Probe.Future() switch { 1 => await Probe.Future(), _ => 0 };
        _ = await Probe.Future(2) switch { 1 => 0, _ => await Probe.Call() };
    }

    public static async Coroutine SwitchArms()
    {
        for (int i = 0; i < 4; i++)
        {
            var n = i switch
            {
                0 => await Probe.Future(),
                1 => await Probe.Future() + await Probe.Call(),
                2 => 7,
                _ => await Probe.Task(),
            };
            await Probe.Future(n);
        }
    }

    // The compiler chooses, and optimised code has no point for the statement.
    public static async Coroutine SwitchOnAConstant()
    {
        var n = Five switch
        {
            > 3 => await Probe.Future() + await Probe.Call(),
            _ => 2,
        };
        await Probe.Future(n);
    }

    public static async Coroutine SwitchInAnArmOfOneOnAConstant()
    {
        var n = Five switch
        {
            > 3 => await Probe.Future(0) switch
            {
                1 => await Probe.Future(),
                0 => await Probe.Call(),
                _ => 3,
            },
            _ => await Probe.Task(),
        };
        await Probe.Future(n);
    }

    public static async Coroutine<int> SwitchOnAConstantReturned() => Five switch { 5 => await Probe.Call(), _ => 1 };

    public static async Coroutine SwitchGovernedByAnAwait()
    {
        for (int i = 0; i < 3; i++)
        {
            var n = await Probe.Future(i) switch
            {
                0 => 5,
                1 => await Probe.Call(),
                _ => i,
            };
            await Probe.Future(n);
        }
    }

    public static async Coroutine SwitchAsAnArgument()
    {
        for (int i = 0; i < 2; i++)
        {
            Use(
                i switch
                {
                    0 => await Probe.Future(),
                    _ => await Probe.Call(),
                },
                await Probe.Future(up: 6),
                2);
            await Probe.Future();
        }
    }

    public static async Coroutine<int> SwitchReturned(int i = 1)
    {
        return i switch
        {
            0 => 3,
            1 when i > 0 => await Probe.Future(),
            _ => await Probe.Future(),
        };
    }

    public static async Coroutine<int> SwitchAsABody(int i = 1) => i switch
    {
        0 => 3,
        1 => await Probe.Future(),
        _ => await Probe.Future(),
    };

    public static async Coroutine SwitchesInArms()
    {
        for (int i = 0; i < 3; i++)
        {
            _ = (i > 0) switch
            {
                true => i switch
                {
                    1 => await Probe.Future(),
                    _ => await Probe.Call(),
                },
                false => await Probe.Task(),
            };
            await Probe.Future();
        }
    }

    public static async Coroutine Queries()
    {
        _ = (from n in Enumerable.Range(0, await Probe.Future()) where n >= 0 select n).ToList();
        Func<int, int> twice = static n => n * 2;
        _ = twice(await Probe.Future());
    }

    private static void Use(int a, int b, int c) => _ = a + b + c;

    private sealed record Holder(int First)
    {
        public int Value { get; init; }
    }
}
