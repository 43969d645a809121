namespace AsyncioSharp.Tests.Interop.Support;

/// <summary>The forms in which an operation of .NET can be awaited.</summary>
public enum AwaitForm
{
    Task,
    TaskOfT,
    ConfiguredTask,
    ConfiguredTaskOfT,
    SuppressThrowing,
    ForceYielding,
    ForceYieldingOfT,
    ValueTaskOnTask,
    ValueTaskOnTaskOfT,
    ValueTaskOnSource,
    ValueTaskOnSourceOfT,
    ConfiguredValueTask,
    ConfiguredValueTaskOfT,
    ConfiguredValueTaskOnSource,
    ConfiguredValueTaskOnSourceOfT,
    ClassAwaiter,
    StructAwaiter,
    Dynamic,
    Method,
    ValueTaskMethod,
    Iterator,
}

/// <summary>
/// Coroutines that await an operation in each of those forms: one without any handler, which a cancellation leaves without running it, and one with
/// <c>catch</c> and <c>finally</c> around the await. All awaits of one method share a state machine, so that it has a field for every kind of awaiter.
/// </summary>
internal static class AwaitForms
{
    internal static bool GivesNothing(AwaitForm form) => form is AwaitForm.Task or AwaitForm.ConfiguredTask or AwaitForm.SuppressThrowing
        or AwaitForm.ForceYielding or AwaitForm.ValueTaskOnTask or AwaitForm.ValueTaskOnSource or AwaitForm.ConfiguredValueTask
        or AwaitForm.ConfiguredValueTaskOnSource;

    internal static bool IsForeign(AwaitForm form) => form is AwaitForm.ClassAwaiter or AwaitForm.StructAwaiter or AwaitForm.Dynamic;

    /// <summary>True for methods and iterators, whose end and the next step of the one who awaits them are one moment, as in Python, for requests too.</summary>
    internal static bool IsMethod(AwaitForm form) => form is AwaitForm.Method or AwaitForm.ValueTaskMethod or AwaitForm.Iterator;

    internal static bool TakesFromSource(AwaitForm form)
        => form is AwaitForm.ClassAwaiter or AwaitForm.StructAwaiter
            or AwaitForm.ValueTaskOnSource or AwaitForm.ValueTaskOnSourceOfT
        or AwaitForm.ConfiguredValueTaskOnSource or AwaitForm.ConfiguredValueTaskOnSourceOfT;

    /// <summary>Awaits with nothing around the await. Gives the value, or null if the form gives none.</summary>
    internal static async Coroutine<int?> Plain(Operation operation, AwaitForm form)
    {
        switch (form)
        {
            case AwaitForm.Task: await (Task)operation.Task; break;
            case AwaitForm.TaskOfT: return await operation.Task;
            case AwaitForm.ConfiguredTask: await ((Task)operation.Task).ConfigureAwait(false); break;
            case AwaitForm.ConfiguredTaskOfT: return await operation.Task.ConfigureAwait(false);
            case AwaitForm.SuppressThrowing: await ((Task)operation.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); break;
            case AwaitForm.ForceYielding: await ((Task)operation.Task).ConfigureAwait(ConfigureAwaitOptions.ForceYielding); break;
            case AwaitForm.ForceYieldingOfT: return await operation.Task.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            case AwaitForm.ValueTaskOnTask: await new ValueTask(operation.Task); break;
            case AwaitForm.ValueTaskOnTaskOfT: return await new ValueTask<int>(operation.Task);
            case AwaitForm.ValueTaskOnSource: await operation.ValueTask; break;
            case AwaitForm.ValueTaskOnSourceOfT: return await operation.ValueTaskOfT;
            case AwaitForm.ConfiguredValueTask: await new ValueTask(operation.Task).ConfigureAwait(false); break;
            case AwaitForm.ConfiguredValueTaskOfT: return await new ValueTask<int>(operation.Task).ConfigureAwait(false);
            case AwaitForm.ConfiguredValueTaskOnSource: await operation.ValueTask.ConfigureAwait(false); break;
            case AwaitForm.ConfiguredValueTaskOnSourceOfT: return await operation.ValueTaskOfT.ConfigureAwait(false);
            case AwaitForm.ClassAwaiter: return await operation.OfClass;
            case AwaitForm.Dynamic: return (int)await (dynamic)operation.Task;
            case AwaitForm.Method: return await Method(operation);
            case AwaitForm.ValueTaskMethod: return await ValueTaskMethod(operation).ConfigureAwait(false);
            case AwaitForm.Iterator: return await First(operation);
            default: return await operation.OfStruct;
        }
        return null;
    }

    /// <summary>The same with handlers around it, which tell <paramref name="log"/> what they see.</summary>
    internal static async Coroutine<int?> Guarded(Operation operation, AwaitForm form, Action<string> log)
    {
        try
        {
            int? value = null;
            switch (form)
            {
                case AwaitForm.Task: await (Task)operation.Task; break;
                case AwaitForm.TaskOfT: value = await operation.Task; break;
                case AwaitForm.ConfiguredTask: await ((Task)operation.Task).ConfigureAwait(false); break;
                case AwaitForm.ConfiguredTaskOfT: value = await operation.Task.ConfigureAwait(false); break;
                case AwaitForm.SuppressThrowing: await ((Task)operation.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); break;
                case AwaitForm.ForceYielding: await ((Task)operation.Task).ConfigureAwait(ConfigureAwaitOptions.ForceYielding); break;
                case AwaitForm.ForceYieldingOfT: value = await operation.Task.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); break;
                case AwaitForm.ValueTaskOnTask: await new ValueTask(operation.Task); break;
                case AwaitForm.ValueTaskOnTaskOfT: value = await new ValueTask<int>(operation.Task); break;
                case AwaitForm.ValueTaskOnSource: await operation.ValueTask; break;
                case AwaitForm.ValueTaskOnSourceOfT: value = await operation.ValueTaskOfT; break;
                case AwaitForm.ConfiguredValueTask: await new ValueTask(operation.Task).ConfigureAwait(false); break;
                case AwaitForm.ConfiguredValueTaskOfT: value = await new ValueTask<int>(operation.Task).ConfigureAwait(false); break;
                case AwaitForm.ConfiguredValueTaskOnSource: await operation.ValueTask.ConfigureAwait(false); break;
                case AwaitForm.ConfiguredValueTaskOnSourceOfT: value = await operation.ValueTaskOfT.ConfigureAwait(false); break;
                case AwaitForm.ClassAwaiter: value = await operation.OfClass; break;
                case AwaitForm.Dynamic: value = (int)await (dynamic)operation.Task; break;
                case AwaitForm.Method: value = await Method(operation); break;
                case AwaitForm.ValueTaskMethod: value = await ValueTaskMethod(operation).ConfigureAwait(false); break;
                case AwaitForm.Iterator: value = await First(operation); break;
                default: value = await operation.OfStruct; break;
            }
            log("went on");
            return value;
        }
        catch (Exception e)
        {
            log($"caught {e.GetType().Name}");
            throw;
        }
        finally
        {
            log("finally");
        }
    }

    private static async Task<int> Method(Operation operation) => await operation.Task;

    private static async ValueTask<int> ValueTaskMethod(Operation operation) => await operation.Task.ConfigureAwait(true);

    private static async Coroutine<int> First(Operation operation)
    {
        await foreach (int value in Values(operation))
        {
            return value;
        }
        return -1;
    }

    private static async IAsyncEnumerable<int> Values(Operation operation)
    {
        yield return await operation.Task;
    }
}
