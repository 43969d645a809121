namespace AsyncioSharp;

/// <summary>
/// How a loop's thread changes contexts. Between two entries it rests in the empty context; an entry in the empty context pays one look at
/// the thread's current context and nothing else.
/// </summary>
internal static class ContextSwitch
{
    /// <summary>Puts the empty context back in force, if something changed it.</summary>
    internal static void Rest() => Return(Context.Empty);

    /// <summary>Puts back in force what was captured, if something changed it; null, as while the flow is suppressed, changes nothing.</summary>
    internal static void Return(ExecutionContext? captured)
    {
        if (captured is not null && !ReferenceEquals(ExecutionContext.Capture(), captured))
        {
            ExecutionContext.Restore(captured);
        }
    }

    /// <summary>The same as <see cref="Rest"/>; gives what was in force, or null for the empty context.</summary>
    internal static Context? TakeAndRest()
    {
        var changed = Context.CaptureForNew();
        Rest();
        return changed;
    }

    /// <summary>
    /// Lifts a suppression of .NET's flow that the caller's code has made, if any, for as long as something else runs. To be put back by
    /// <see cref="SuppressAgain"/>.
    /// </summary>
    internal static bool LiftSuppression()
    {
        if (!ExecutionContext.IsFlowSuppressed())
        {
            return false;
        }
        ExecutionContext.RestoreFlow();
        return true;
    }

    /// <summary>Puts back what <see cref="LiftSuppression"/> lifted: who has suppressed the flow will want to restore it.</summary>
    internal static void SuppressAgain(bool wasLifted)
    {
        if (wasLifted)
        {
            _ = ExecutionContext.SuppressFlow();
        }
    }

    /// <summary>Runs <paramref name="action"/> in <paramref name="context"/>, or in the empty one if null, and rests.</summary>
    internal static void Run<TState>(Context? context, TState state, Action<TState> action)
    {
        if (context is null)
        {
            action(state);
            Rest();
            return;
        }
        var outer = context.Enter();
        try
        {
            action(state);
        }
        finally
        {
            context.Leave(outer);
        }
    }
}
