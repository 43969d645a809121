using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>Blocks in an <c>async with</c> of Python: what is held while they run, a limit of time, a group of tasks.</summary>
internal sealed class Scopes(Machine machine, Func<Frame, JsonArray, Coroutine<Bodies.Signal?>> block)
{
    public Coroutine<Bodies.Signal?> Run(Frame frame, JsonObject s) => s.Kind() switch
    {
        "with" => With(frame, s),
        "limit" => Limit(frame, s),
        _ => Group(frame, s),
    };

    private async Coroutine<Bodies.Signal?> With(Frame frame, JsonObject s)
    {
        var slot = s.Text("of");
        if (!machine.TryFind<object>(slot, out var thing) || Primitives.Acquire(thing) is not { } acquiring)
        {
            machine.Emit(frame, $"with {slot} n/a");
            return null;
        }
        machine.Emit(frame, $"with {slot}");
        Bodies.Signal? signal;
        using (await acquiring)
        {
            machine.Emit(frame, $"in {slot}");
            signal = await block(frame, s.Array("do"));
        }
        machine.Emit(frame, $"left with {slot}");
        return signal;
    }

    private async Coroutine<Bodies.Signal?> Limit(Frame frame, JsonObject s)
    {
        var limit = Asyncio.Timeout(s.NumberOrNull("t"));
        var text = $"limit {Texts.OfTime(s.NumberOrNull("t"))}";
        Enter(frame, s, limit, text);
        var signal = await limit.Run(async _ => await block(frame, s.Array("do")));
        machine.Emit(frame, $"left {text}");
        return signal;
    }

    private async Coroutine<Bodies.Signal?> Group(Frame frame, JsonObject s)
    {
        var group = new TaskGroup();
        Enter(frame, s, group, "group");
        Bodies.Signal? signal = null;
        await group.Run(async _ => signal = await block(frame, s.Array("do")));
        machine.Emit(frame, "left group");
        return signal;
    }

    private void Enter(Frame frame, JsonObject s, object scope, string text)
    {
        if (s.TextOrNull("slot") is { } slot)
            machine.Name(slot, scope);
        machine.Emit(frame, text);
    }
}
