using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Interop.Support;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// Every way of awaiting an operation of .NET, in every state of the operation, cancelled at every moment, with and without handlers around
/// the await. What is expected is computed from the rules of section 10 of docs/semantics.md, the operation being taken for a future.
/// </summary>
public class AwaitMatrixTests
{
    private const double CancelTime = 1;
    private const double EndTime = 2;

    private readonly List<string> _log = [];

    /// <summary>When the task is cancelled.</summary>
    public enum Moment
    {
        Never,
        BeforeTheFirstStep,
        WhilePending,
        JustBeforeCompletion, // in the same callback
        JustAfterCompletion,  // likewise: the wake-up is on its way
    }

    public static IEnumerable<TheoryDataRow<AwaitForm, Ending, bool, Moment, bool>> Cases =>
        from form in Enum.GetValues<AwaitForm>()
        from ending in Enum.GetValues<Ending>()
        from completed in (bool[])[true, false]
        from moment in Enum.GetValues<Moment>()
        from guarded in (bool[])[false, true]
        where !completed || moment is not (Moment.JustBeforeCompletion or Moment.JustAfterCompletion)
        select new TheoryDataRow<AwaitForm, Ending, bool, Moment, bool>(form, ending, completed, moment, guarded);

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    [Rule("CAN-02"), Rule("CAN-04"), Rule("CAN-05")]
    public void An_operation_of_NET_is_awaited_and_cancelled_as_a_future_is(AwaitForm form, Ending ending, bool completed, Moment moment, bool guarded)
    {
        var operation = new Operation();
        if (completed)
        {
            operation.End(ending);
        }
        string outcome = "";
        VirtualTimeLoop.Run(Main());

        outcome.ShouldBe(ExpectedOutcome(form, ending, completed, moment, guarded));
        _log.ShouldBe(ExpectedLog(form, ending, completed, moment, guarded));
        if (AwaitForms.TakesFromSource(form) && moment != Moment.BeforeTheFirstStep && !(AwaitForms.IsForeign(form) && Interrupts(form, ending, completed, moment, guarded)))
        {
            operation.Taken.ShouldBe(1); // by the coroutine, or, after it left, on its behalf: a source may be waiting for that
        }

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var task = Asyncio.CreateTask(guarded ? AwaitForms.Guarded(operation, form, Log) : AwaitForms.Plain(operation, form));
            double ended = -1;
            task.AddDoneCallback(_ => ended = loop.Time);
            if (moment == Moment.BeforeTheFirstStep)
            {
                task.Cancel("stop").ShouldBeTrue();
            }
            loop.CallLater(CancelTime, () =>
            {
                if (moment == Moment.WhilePending)
                {
                    task.Cancel("stop").ShouldBe(!completed);
                }
            });
            loop.CallLater(EndTime, () =>
            {
                if (moment == Moment.JustBeforeCompletion)
                {
                    task.Cancel("stop").ShouldBeTrue();
                }
                if (!completed)
                {
                    operation.End(ending);
                }
                if (moment == Moment.JustAfterCompletion)
                {
                    task.Cancel("stop").ShouldBeTrue();
                }
            });
            await Asyncio.Sleep(3);
            outcome = $"{Outcome(task, operation)} at {ended}";
        }
    }

    private void Log(string text) => _log.Add(text);

    private static string Outcome(CoroutineTask<int?> task, Operation operation)
    {
        try
        {
            return task.Result() is { } value ? $"value {value}" : "nothing";
        }
        catch (CancelledException e)
        {
            return task.IsCancelled ? $"cancelled: {e.CancelMessage}" : "failed with a CancelledException";
        }
        catch (Exception e)
        {
            return e == operation.Failure ? "failed" : e is TaskCanceledException ? "cancelled by itself" : $"failed with {e.GetType().Name}";
        }
    }

    // Whether the cancellation comes out of the await. Out of one with an awaiter that is not .NET's own, and with handlers around it, it cannot.
    private static bool Interrupts(AwaitForm form, Ending ending, bool completed, Moment moment, bool guarded) => moment switch
    {
        Moment.JustAfterCompletion when AwaitForms.IsMethod(form) => ending == Ending.Cancellation, // what it gave is taken
        Moment.Never => false,
        Moment.BeforeTheFirstStep => true,
        Moment.WhilePending => !completed && !(AwaitForms.IsForeign(form) && guarded),
        _ => !(AwaitForms.IsForeign(form) && guarded),
    };

    private static string ExpectedOutcome(AwaitForm form, Ending ending, bool completed, Moment moment, bool guarded)
    {
        bool atOnce = moment == Moment.WhilePending && !AwaitForms.IsForeign(form);
        double time = moment == Moment.BeforeTheFirstStep || completed ? 0 : atOnce ? CancelTime : EndTime;
        if (Interrupts(form, ending, completed, moment, guarded))
        {
            return $"cancelled: stop at {time}";
        }
        if (ending != Ending.Result && form != AwaitForm.SuppressThrowing)
        {
            return $"{(ending == Ending.Failure ? "failed" : "cancelled by itself")} at {time}";
        }
        if (moment != Moment.Never && !completed)
        {
            return $"cancelled: stop at {time}"; // the request was still waiting when the coroutine returned: CAN-08
        }
        return AwaitForms.GivesNothing(form) ? $"nothing at {time}" : $"value {Operation.Value} at {time}";
    }

    private static string[] ExpectedLog(AwaitForm form, Ending ending, bool completed, Moment moment, bool guarded)
    {
        if (!guarded || moment == Moment.BeforeTheFirstStep)
        {
            return [];
        }
        if (Interrupts(form, ending, completed, moment, guarded))
        {
            return ["caught CancelledException", "finally"];
        }
        return ending switch
        {
            Ending.Failure when form != AwaitForm.SuppressThrowing => ["caught FormatException", "finally"],
            Ending.Cancellation when form != AwaitForm.SuppressThrowing => ["caught TaskCanceledException", "finally"],
            _ => ["went on", "finally"],
        };
    }
}
