using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Coverage;

/// <summary>How the situations of the rules on loop, timers, coroutines, futures, tasks, names, sleep and contexts show in a trace.</summary>
internal static class CoreRules
{
    public static IReadOnlyDictionary<string, Func<Observation, bool>> All { get; } = new Dictionary<string, Func<Observation, bool>>
    {
        ["LOOP-01"] = o => Observation.Pairs(o.Events("call_soon"))
            .Any(pair => Called(o, pair.First) is { } first
                && Called(o, pair.Second) is { } second
                && first.Index < second.Index),
        // What a callback queued ran after something else of the same time.
        ["LOOP-02"] = o => o.Events("call_soon").Any(made => made.Task == "-" && Called(o, made) is { } run && run.Index > made.Index + 1 && run.Time == made.Time),
        ["LOOP-03"] = o => o.Events("call_later").Any(timer => DelayOf(o, timer) == 0 && Called(o, timer) is { } due
            && o.After(timer).TakeWhile(line => line.Frame == timer.Frame).Any(line => line.Verb == "call_soon" && Called(o, line) is { } soon && soon.Index < due.Index)),
        // A done callback ran before what was queued after the completion.
        ["LOOP-04"] = o => o.Events("set_result").Where(line => line.Last == "ok").Any(done => o.After(done).TakeWhile(line => line.Frame == done.Frame)
            .Any(line => line.Verb == "call_soon" && Called(o, line) is { } soon
                && o.Events("called").Any(run => run.Word(1) == done.Word(1) && run.Index > done.Index && run.Index < soon.Index))),
        ["LOOP-06"] = o => o.Events("cancel_handle").Any(cancel => cancel.Last == "ok"
            && o.Before(cancel).Any(made => made.Verb == "call_soon" && made.Word(1) == cancel.Word(1) && made.Time == cancel.Time && Called(o, made) is null)),
        ["TIM-01"] = o => o.Events("call_later").Any(timer => DelayOf(o, timer) > 0 && Called(o, timer)?.Time == timer.Time + DelayOf(o, timer)),
        // It fires before one without delay that was registered first.
        ["TIM-01/negative"] = o => Observation.Pairs(o.Events("call_later")).Any(pair => pair.First.Time == pair.Second.Time
            && DelayOf(o, pair.First) == 0 && DelayOf(o, pair.Second) < 0
            && Called(o, pair.First) is { } first && Called(o, pair.Second) is { } second && second.Index < first.Index),
        ["TIM-02"] = o => Observation.Pairs(o.Lines.Where(line => line.Verb is "call_later" or "call_at"))
            .Any(pair => Called(o, pair.First) is { } first && Called(o, pair.Second) is { } second && second.Time < first.Time),
        ["TIM-06"] = o => o.Events("cancel_handle").Any(line => line.Last == "again"),
        ["EXC-01"] = o => o.Lines.Any(failed => failed.Starts("callback failed") && o.Following(failed)?.Time == failed.Time),
        ["EXC-08"] = o => o.Saw("unretrieved"),
        // A failure was looked at, and is not reported.
        ["EXC-09"] = o => o.Events("exception").Any(line => line.Word(3).StartsWith("!Boom", StringComparison.Ordinal)
            && !o.Lines.Any(report => report.Verb == "unretrieved" && report.Last == line.Last[1..])),

        ["CORO-01"] = o => o.Events("let").Any(made => made.Word(3) == "call" && o.After(made).Any(line => line.Verb == "enter" && line.Frame == made.Last)),
        ["CORO-02"] = o => o.Lines.Any(line => line.Last is "Runtime(reuse)" or "Runtime(busy)"),
        ["CORO-03"] = o => o.Events("close").Any(line => line.Last == "ok"),

        ["FUT-01"] = o => Observation.Pairs(o.Events("state"))
            .Any(pair => pair.First.Word(1) == pair.Second.Word(1)
                && pair.First.Last == "pending" && pair.Second.Last is "done" or "cancelled"),
        ["FUT-02"] = o => o.Events("result").Any(line => line.Last != "n/a" && !line.Last.StartsWith("InvalidState", StringComparison.Ordinal)),
        ["FUT-03"] = o => o.Lines.Any(line => line.Verb is "set_result" or "set_exception" && line.Last == "InvalidState(done)"),
        ["FUT-04"] = o => o.Events("cancel").Any(line => line.Last == "true" && o.FilledWith(line.Word(1), line) == "future" && o.End(line.Word(1)) == "cancelled"),
        ["FUT-05"] = o => o.Nodes("set_exception").Any(node => node.Text("e") == "cancelled"
            && o.Events("set_exception").Count(line => line.Word(1) == node.Text("of") && line.Last == "ok") == 1
            && o.Nodes("set_exception").Count(other => other.Text("of") == node.Text("of")) == 1 && o.End(node.Text("of")) == "done"),
        ["FUT-07"] = o => Observation.Pairs(o.Events("add_callback").Where(line => line.Last != "n/a")).Any(pair => pair.First.Word(1) == pair.Second.Word(1)
            && CalledBack(o, pair.First) is { } first && CalledBack(o, pair.Second) is { } second && first.Index < second.Index),
        // Several registrations at once.
        ["FUT-08"] = o => o.Events("remove_callback").Any(line => int.TryParse(line.Last, out int removed) && removed > 1),
        ["FUT-09"] = o => o.Events("add_callback").Any(added => added.Task == "-" && CalledBack(o, added) is not null
            && o.Before(added).LastOrDefault(line => line.Verb == "called" && line.Frame == added.Frame)?.Word(1) == added.Word(1)),
        // Two tasks that wait for one future go on in the order in which they began to wait.
        ["FUT-10"] = o => Observation.Pairs(o.Events("await").Where(line => line.Last == line.Word(1)))
            .Any(pair => pair.First.Text == pair.Second.Text && pair.First.Task != pair.Second.Task
            && o.NextOf(pair.First.Task, pair.First) is { Verb: "got" } first && o.NextOf(pair.Second.Task, pair.Second) is { Verb: "got" } second
            && pair.Second.Index < first.Index && first.Index < second.Index),

        ["TASK-01"] = o => o.Events("let").Any(made => made.Word(3).StartsWith("task(", StringComparison.Ordinal)
            && o.Following(made)?.Task == made.Task
            && o.After(made).Any(line => line.Task == made.Word(1))),
        // An await of something that is done goes on at once.
        ["TASK-04"] = o => o.Events("await").Any(line => o.Completed(line.Word(1), line) is not null && o.Following(line) is { Verb: "got" } next && next.Task == line.Task),
        ["TASK-05"] = o => o.Events("raise").Any(line => line.Task.StartsWith('t') && o.End(line.Task) == "done")
            || o.Events("raise").Any(line => line.Task.StartsWith('t') && o.End(line.Task) == "cancelled"),
        ["TASK-06"] = o => o.Events("got").Where(line => o.FilledWith(line.Word(1), line) == "task").GroupBy(line => line.Text).Any(same => same.Count() > 1),
        ["TASK-08"] = o => o.Lines.Any(line => line.Last == "Runtime(itself)"),
        // The body of a coroutine runs in the task that came of it.
        ["TASK-10"] = o => o.Events("let").Any(made => o.ExpressionOf(made.Word(3), made) is { } node && node.Kind() == "ensure"
            && Operands.Of(node).Any(body => body.Node is not null
                && o.After(made).Any(line => line.Task == made.Word(1) && body.IsIn(line)))),
        ["TASK-13"] = o => Observation.Pairs(o.Lines.Where(line => line.Starts("got sleep 0 ")))
            .Count(pair => pair.First.Task != pair.Second.Task && pair.First.Time == pair.Second.Time) > 2,

        ["INS-01"] = o => o.Events("name").Any(line => line.Last == "automatic"),
        ["INS-02"] = o => o.Events("name").Any(line => line.Last is not ("automatic" or "n/a")),
        ["INS-03"] = o => o.Events("current").Any(line => line.Task == "-" && line.Last == "-") || o.Events("current").Any(line => line.Last == line.Task),
        ["INS-04"] = o => o.Events("tasks").Any(line => int.Parse(line.Last, System.Globalization.CultureInfo.InvariantCulture) > 1),

        ["SLP-01"] = o => o.Events("got").Any(line => line.Word(1) == "sleep" && line.Last != "null"),
        ["SLP-02"] = o => o.Events("await").Any(line => line.Word(1) == "sleep" && line.Last is "0" or "-1"
            && o.NextOf(line.Task, line) is { } woken
            && woken.Time == line.Time && woken.Index > line.Index + 1),
        ["SLP-03"] = o => o.Events("cancel").Any(line => line.Last == "true"
            && o.Awaits(line.Subject, line) is { } awaited
            && awaited.StartsWith("sleep ", StringComparison.Ordinal) && awaited is not ("sleep 0" or "sleep -1")),
        ["SLP-05"] = o => Observation.Pairs(o.Events("await").Where(line => line.Word(1) == "sleep"))
            .Any(pair => pair.First.Task != pair.Second.Task && pair.First.Time == pair.Second.Time
            && o.NextOf(pair.First.Task, pair.First) is { Verb: "got" } first && o.NextOf(pair.Second.Task, pair.Second) is { Verb: "got" } second && second.Time < first.Time),

        ["CTX-01"] = o => IsReadElsewhere(o, (set, get) => get.Task != set.Task && get.Task.StartsWith('t')),
        ["CTX-02"] = o => IsReadElsewhere(o, (set, get) => get.Task == set.Task && get.Frame != set.Frame),
        ["CTX-03"] = o => IsReadElsewhere(o, (set, get) => get.Task == "-" && o.Before(get).Any(line => line.Text == "called" && line.Frame == get.Frame)),
        ["CTX-04"] = o => IsReadElsewhere(o, (set, get) => get.Task == "-" && o.Before(get).Any(line => line.Starts("called ") && line.Frame == get.Frame)),
        ["CTX-01/gather"] = o => IsReadInChild(o, "gather"),
        ["CTX-01/shield"] = o => IsReadInChild(o, "shield"),
        ["CTX-01/ensure"] = o => IsReadInChild(o, "ensure"),
        ["CTX-01/wait_for"] = o => IsReadInChild(o, "wait_for"),
        ["CTX-01/wait"] = o => IsReadInChild(o, "wait"),
        ["CTX-01/as_completed"] = o => IsReadInChild(o, "as_completed"),
        ["CTX-03/call_soon"] = o => IsReadInCallback(o, "call_soon", given: false),
        ["CTX-03/call_later"] = o => IsReadInCallback(o, "call_later", given: false),
        ["CTX-03/call_at"] = o => IsReadInCallback(o, "call_at", given: false),
        ["CTX-03/call_soon given"] = o => IsReadInCallback(o, "call_soon", given: true),
        ["CTX-03/call_later given"] = o => IsReadInCallback(o, "call_later", given: true),
        ["CTX-03/call_at given"] = o => IsReadInCallback(o, "call_at", given: true),
        ["CTX-04/captured"] = o => IsReadInCallback(o, "add_callback", given: false),
        ["CTX-04/given"] = o => IsReadInCallback(o, "add_callback", given: true),
        // Two that were given one context: what one has set in it the other reads, although the value was not there when the other was made.
        ["CTX-06"] = o => o.Nodes("task").Where(node => node.Has("context")).Any(node => Operands.Of(node)
            .Any(body => IsReadElsewhere(o, (set, get) => body.IsIn(set) && get.Frame != set.Frame
            && (o.Nodes("call_soon").Concat(o.Nodes("call_later")).Any(other => other.TextOrNull("context") == node.Text("context") && other.Text("cb") == get.Frame))))),
    };

    /// <summary>When the callback of a call_soon, call_later or call_at ran.</summary>
    private static Line? Called(Observation o, Line made) => o.After(made).FirstOrDefault(line => line.Text == "called" && line.Frame == made.Last);

    private static Line? CalledBack(Observation o, Line added) => o.After(added).FirstOrDefault(line => line.Starts($"called {added.Word(1)} ") && line.Frame == added.Last);

    private static double? DelayOf(Observation o, Line timer) => o.Nodes("call_later").FirstOrDefault(node => node.Text("cb") == timer.Last)?.Number("s");

    /// <summary>A coroutine that such a combinator made a task of reads what its maker has set.</summary>
    private static bool IsReadInChild(Observation o, string kind) => o.Nodes(kind).SelectMany(Operands.Of).Where(child => child.Node?.Kind() == "call")
        .Any(child => IsReadElsewhere(o, (set, get) => child.IsIn(get) && set.Frame != get.Frame && set.Task != get.Task));

    /// <summary>A callback reads the value that its maker had at the registration; if it was given a context, another one.</summary>
    private static bool IsReadInCallback(Observation o, string op, bool given) => o.Nodes(op).Where(node => node.Has("context") == given).Select(node => node.Text("cb"))
        .Any(callback => o.Events(op).Where(made => made.Last == callback).Any(made => o.After(made)
            .TakeWhile(line => line.Frame != callback || line.Verb != "set_var").Any(get => get.Verb == "get_var" && get.Frame == callback && get.Last != "null"
                && o.Before(made).LastOrDefault(set => set.Verb == "set_var" && set.Frame == made.Frame && set.Word(1) == get.Word(1))
                    is { } set && set.Last == get.Last != given)));

    /// <summary>A value that was set in one place is read in another.</summary>
    private static bool IsReadElsewhere(Observation o, Func<Line, Line, bool> places)
        => o.Events("set_var").Any(set => o.After(set).Any(get => get.Verb == "get_var" && get.Word(1) == set.Word(1) && get.Last == set.Last && places(set, get)));
}
