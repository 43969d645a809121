using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>
/// Runs the coroutines of a scenario as real <c>async Coroutine</c> methods, so that every await, <c>catch</c> and <c>finally</c> of a scenario
/// is one of C#. <see cref="Block"/> has no handler around its awaits: a cancellation passes it without being thrown. <see cref="Guard"/>,
/// <see cref="See"/>, <see cref="Handled"/> and <see cref="Finally"/> have one, and it is thrown into them.
/// </summary>
internal sealed class Bodies
{
    private readonly Machine _machine;
    private readonly Expressions _expressions;
    private readonly Actions _actions;
    private readonly Scopes _scopes;

    public Bodies(Machine machine)
    {
        _machine = machine;
        var primitives = new Primitives(machine);
        _expressions = new Expressions(machine, this, primitives);
        _actions = new Actions(machine, _expressions, primitives);
        _scopes = new Scopes(machine, Block);
    }

    /// <summary>A coroutine object for a body: with a result if it can return one, else without.</summary>
    public Coroutine Call(JsonObject x)
        => Returns(x.Array("do")) ? Function(x) : Procedure(x);

    private static bool Returns(JsonArray block) => block.Statements().Any(statement => statement.Kind() switch
    {
        "return" => true,
        "try" or "repeat" or "each" or "with" or "limit" or "group"
            => Returns(statement.ArrayOrEmpty("do")) || statement.ArrayOrEmpty("catch").Statements().Any(handler => Returns(handler.Array("do"))),
        _ => false,
    });

    private async Coroutine<object?> Function(JsonObject x)
    {
        var frame = new Frame(x.Text("id"));
        _machine.Emit(frame, "enter");
        var signal = await (x.Flag("guard") ? Guard(frame, x.Array("do")) : Block(frame, x.Array("do")));
        var value = (signal as Returned)?.Value;
        _machine.Emit(frame, $"leave = {Texts.Of(value)}");
        return value;
    }

    private async Coroutine Procedure(JsonObject x)
    {
        var frame = new Frame(x.Text("id"));
        _machine.Emit(frame, "enter");
        await (x.Flag("guard") ? Guard(frame, x.Array("do")) : Block(frame, x.Array("do")));
        _machine.Emit(frame, "leave = null");
    }

    private async Coroutine<Signal?> Guard(Frame frame, JsonArray block)
    {
        try
        {
            return await Block(frame, block);
        }
        catch (Exception e)
        {
            _machine.Emit(frame, $"leave ! {Texts.Of(e)}");
            throw;
        }
    }

    /// <summary>Runs statements; gives the return or break that was reached, or null if none was.</summary>
    private async Coroutine<Signal?> Block(Frame frame, JsonArray block)
    {
        foreach (var s in block.Statements())
        {
            switch (s.Kind())
            {
                case "await":
                    var text = Texts.OfExpression(s.Node("of"));
                    if (_expressions.Evaluate(s.Node("of")) is not IAwaitable target)
                    {
                        _machine.Emit(frame, $"await {text} n/a");
                        break;
                    }
                    _machine.Emit(frame, $"await {text}");
                    object? value;
                    if (s.Flag("see"))
                        value = await See(frame, text, target);
                    else if (target is CoroutineTask<object?> task)
                        value = await task;
                    else if (target is Coroutine<object?> coroutine)
                        value = await coroutine;
                    else if (target is Future<object?> future)
                        value = await future;
                    else if (target is IAwaitable<object?> typed)
                        value = await typed;
                    else
                        value = await Nothing(target);
                    _machine.Emit(frame, $"got {text} = {Texts.Of(value)}");
                    break;
                case "try":
                    if (await Attempt(frame, s) is { } fromTry)
                        return fromTry;
                    break;
                case "repeat":
                    for (int i = s.Count("times"); i > 0; i--)
                    {
                        var signal = await Block(frame, s.Array("do"));
                        if (signal is Returned)
                            return signal;
                        if (signal is Broken)
                            break;
                    }
                    break;
                case "each":
                    if (await Each(frame, s) is { } fromEach)
                        return fromEach;
                    break;
                case "with" or "limit" or "group":
                    if (await _scopes.Run(frame, s) is { } fromScope)
                        return fromScope;
                    break;
                case "return":
                    return new Returned(s.Value("v"));
                case "break":
                    return new Broken();
                default:
                    _actions.Act(frame, s);
                    break;
            }
        }
        return null;
    }

    /// <summary>Awaits what has no result.</summary>
    private static async Coroutine<object?> Nothing(IAwaitable target)
    {
        if (target is Coroutine coroutine)
            await coroutine;
        else if (target is Future future)
            await future;
        else
            await target;
        return null;
    }

    private async Coroutine<object?> See(Frame frame, string text, IAwaitable target)
    {
        try
        {
            return target is IAwaitable<object?> typed ? await typed : await Nothing(target);
        }
        catch (Exception e)
        {
            _machine.Emit(frame, $"threw {text} ! {Texts.Of(e)}");
            throw;
        }
    }

    private Coroutine<Signal?> Attempt(Frame frame, JsonObject s) => s.Has("finally") ? Finally(frame, s) : Inner(frame, s);

    private Coroutine<Signal?> Inner(Frame frame, JsonObject s) => s.Has("catch") ? Handled(frame, s) : Block(frame, s.Array("do"));

    private async Coroutine<Signal?> Finally(Frame frame, JsonObject s)
    {
        try
        {
            return await Inner(frame, s);
        }
        finally
        {
            _machine.Emit(frame, "finally");
            await Block(frame, s.Array("finally"));
        }
    }

    private async Coroutine<Signal?> Handled(Frame frame, JsonObject s)
    {
        var handlers = Handler.Of(s);
        try
        {
            return await Block(frame, s.Array("do"));
        }
        catch (Exception e) when (handlers.First.Catches(e))
        {
            var signal = await Handle(frame, handlers.First, e);
            if (handlers.First.Reraises)
                throw;
            return signal;
        }
        catch (Exception e) when (handlers.Second.Catches(e))
        {
            var signal = await Handle(frame, handlers.Second, e);
            if (handlers.Second.Reraises)
                throw;
            return signal;
        }
        catch (Exception e) when (handlers.Third.Catches(e))
        {
            var signal = await Handle(frame, handlers.Third, e);
            if (handlers.Third.Reraises)
                throw;
            return signal;
        }
    }

    private Coroutine<Signal?> Handle(Frame frame, Handler handler, Exception e)
    {
        _machine.Emit(frame, $"caught {Texts.Of(e)}");
        return Block(frame, handler.Block);
    }

    private async Coroutine<Signal?> Each(Frame frame, JsonObject s)
    {
        var slot = s.Text("of");
        if (!_machine.TryFind<Completions>(slot, out var completions))
        {
            _machine.Emit(frame, $"each {slot} n/a");
            return null;
        }
        Signal? signal = null;
        await completions.ForEach(Body);
        return signal as Returned;

        async Coroutine<bool> Body(Future future)
        {
            _machine.Emit(frame, $"each {slot} {_machine.Label(future)} {Texts.Of(future)}");
            if (s.TextOrNull("slot") is { } item)
                _machine.Name(item, future);
            signal = await Block(frame, s.ArrayOrEmpty("do"));
            return signal is null;
        }
    }

    /// <summary>What ends a block before its end.</summary>
    internal abstract record Signal;

    /// <summary>A return statement was reached.</summary>
    private sealed record Returned(object? Value) : Signal;

    /// <summary>A break statement was reached.</summary>
    private sealed record Broken : Signal;
}
