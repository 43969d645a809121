using System.Globalization;
using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>The statements that do not wait, which callbacks may use too. Each writes one line.</summary>
internal sealed class Actions(Machine machine, Expressions expressions, Primitives primitives)
{
    private const string NotApplicable = "n/a";
    private const int MostCalls = 8; // of a done callback, which may add itself again; later ones do nothing

    public void Act(Frame frame, JsonObject s)
    {
        var op = s.Kind();
        var text = Do(op, frame, s) ?? NotApplicable;
        var subject = s.TextOrNull("of") ?? s.TextOrNull("slot") ?? s.TextOrNull("cb") ?? s.TextOrNull("var") ?? s.TextOrNull("token") ?? "";
        machine.Emit(frame, string.Join(' ', new[] { op, subject, text }.Where(part => part.Length > 0)));
    }

    /// <summary>Does it and says how it went; null if a slot is empty or holds something of another kind.</summary>
    private string? Do(string op, Frame frame, JsonObject s) => op switch
    {
        "let" => Let(s),
        "mark" => Texts.Of(s.Value("v")),
        "raise" => Raise(frame, s),
        "cancel" => machine.TryFind<Future>(s.Text("of"), out var future) ? Texts.Of(future.Cancel(s.TextOrNull("msg"))) : null,
        "uncancel" => machine.TryFind<CoroutineTask>(s.Text("of"), out var task) ? Number(task.Uncancel()) : null,
        "cancelling" => machine.TryFind<CoroutineTask>(s.Text("of"), out var task) ? Number(task.Cancelling) : null,
        "set_result" => Complete(s, future => future.SetResult(s.Value("v"))),
        "set_exception" => Complete(s, future => future.SetException(Error(s))),
        "state" => machine.TryFind<Future>(s.Text("of"), out var future) ? Texts.Of(future) : null,
        "result" => machine.TryFind<Future>(s.Text("of"), out var future) ? Attempt(() => "= " + Texts.Of(Result(future))) : null,
        "exception" => machine.TryFind<Future>(s.Text("of"), out var future) ? Attempt(() => "= " + Texts.Of((object?)future.Exception())) : null,
        "add_callback" => machine.TryFind<Future>(s.Text("of"), out var future) && TryContext(s, out var context) ? AddCallback(s, future, context) : null,
        "remove_callback" => machine.TryFind<Future>(s.Text("of"), out var future) ? $"{s.Text("cb")} {RemoveCallback(s, future)}" : null,
        "call_soon" => TryContext(s, out var context) ? Keep(s, machine.Loop.CallSoon(Callback(s), context)) : null,
        "call_later" => TryContext(s, out var context) ? Keep(s, machine.Loop.CallLater(s.Number("s"), Callback(s), context)) : null,
        "call_at" => TryContext(s, out var context) ? Keep(s, machine.Loop.CallAt(s.Number("s"), Callback(s), context)) : null,
        "cancel_handle" => machine.TryFind<Handle>(s.Text("of"), out var handle) ? CancelHandle(handle) : null,
        "set_var" => SetVariable(s),
        "get_var" => Texts.Of(machine.Variable(s.Text("var")).Get(null)),
        "reset_var" => machine.Tokens.TryGetValue(s.Text("token"), out var token) ? Attempt(() => ResetVariable(token)) : null,
        "name" => machine.TryFind<CoroutineTask>(s.Text("of"), out var task) ? NameOf(task) : null,
        "set_name" => machine.TryFind<CoroutineTask>(s.Text("of"), out var task) && machine.HasLabel(task) ? task.Name = s.Text("v") : null,
        "tasks" => Number(Asyncio.AllTasks(machine.Loop).Count),
        "current" => Asyncio.CurrentTask(machine.Loop) is { } task ? machine.Label(task) : "-",
        "close" => machine.TryFind<Coroutine>(s.Text("of"), out var coroutine) && coroutine.State == CoroutineState.Created ? Close(coroutine) : null,
        "release" or "set" or "clear" or "notify" or "put_nowait" or "get_nowait" or "task_done" or "shutdown" or "reset" or "abort" or "reschedule" or "look" => primitives.Act(s),
        _ => throw new FormatException($"unknown statement {s.ToJsonString()}"),
    };

    private string? Let(JsonObject s)
    {
        if (expressions.Evaluate(s.Node("be")) is not { } thing)
            return null;
        machine.Name(s.Text("slot"), thing);
        return "= " + Texts.OfExpression(s.Node("be"));
    }

    private string Raise(Frame frame, JsonObject s)
    {
        machine.Emit(frame, "raise");
        throw Error(s);
    }

    private string? Complete(JsonObject s, Action<Future<object?>> complete)
    {
        if (!machine.TryFind<Future<object?>>(s.Text("of"), out var future) || !machine.Plain.Contains(future))
            return null;
        return Attempt(() =>
        {
            complete(future);
            return "ok";
        });
    }

    private static object? Result(Future future)
    {
        if (future is IFuture<object?> typed)
            return typed.Result();
        future.Result();
        return null;
    }

    /// <summary>The context that a statement gives, null if it gives none; false if the slot holds no context.</summary>
    private bool TryContext(JsonObject s, out Context? context)
    {
        context = null;
        return s.TextOrNull("context") is not { } slot || machine.TryFind(slot, out context);
    }

    private string AddCallback(JsonObject s, Future future, Context? context)
    {
        var id = s.Text("cb");
        if (!machine.Callbacks.TryGetValue(id, out var callback))
        {
            var frame = new Frame(id);
            var block = s.Array("do");
            int calls = 0;
            machine.Callbacks[id] = callback = done =>
            {
                machine.Emit(frame, $"called {machine.Label(done)} {Texts.Of(done)}");
                if (++calls <= MostCalls)
                    CallbackBlock.Run(machine, this, frame, block);
            };
        }
        future.AddDoneCallback(callback, context);
        return id;
    }

    private int RemoveCallback(JsonObject s, Future future)
        => machine.Callbacks.TryGetValue(s.Text("cb"), out var callback) ? future.RemoveDoneCallback(callback) : 0;

    private Action Callback(JsonObject s)
    {
        var frame = new Frame(s.Text("cb"));
        var block = s.Array("do");
        return () =>
        {
            machine.Emit(frame, "called");
            CallbackBlock.Run(machine, this, frame, block);
        };
    }

    private string Keep(JsonObject s, Handle handle)
    {
        if (s.TextOrNull("slot") is not { } slot)
            return "";
        machine.Slots[slot] = handle;
        return s.Text("cb");
    }

    private static string CancelHandle(Handle handle)
    {
        bool before = handle.IsCancelled;
        handle.Cancel();
        return before ? "again" : "ok";
    }

    private string SetVariable(JsonObject s)
    {
        var token = machine.Variable(s.Text("var")).Set(s.Value("v"));
        if (s.TextOrNull("token") is { } name)
            machine.Tokens[name] = token;
        return Texts.Of(s.Value("v"));
    }

    private static string ResetVariable(ContextVar<object?>.Token token)
    {
        token.Variable.Reset(token);
        return "ok";
    }

    private static string NameOf(CoroutineTask task) => task.Name.StartsWith("Task-", StringComparison.Ordinal) ? "automatic" : task.Name;

    private static string Close(Coroutine coroutine)
    {
        coroutine.Close();
        return "ok";
    }

    private static string Attempt(Func<string> action)
    {
        try
        {
            return action();
        }
        catch (Exception e)
        {
            return "! " + Texts.Of(e);
        }
    }

    private static Exception Error(JsonObject s) => s.Text("e") switch
    {
        "cancelled" => new CancelledException(s.TextOrNull("msg")),
        "timeout" => new TimeoutException(),
        _ => new Boom(s.TextOrNull("msg") ?? ""),
    };

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
