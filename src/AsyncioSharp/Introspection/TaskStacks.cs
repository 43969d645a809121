namespace AsyncioSharp;

/// <summary>Asks a task where it is.</summary>
public static class TaskStacks
{
    /// <summary>
    /// The frames of a task, oldest first, each with its method and, where a PDB is found, file and line. Suspended: its coroutine and those that it
    /// awaits, down to the innermost (CPython shows only the first), each at the statement that awaits; <c>async</c> methods of .NET among them too,
    /// and what those await at last, as far as that can be known. Not started: its coroutine, at the first line of the body. Running: the same
    /// chain, and below it what the loop's thread executes now. Finished or cancelled: none. Failed: the frames of the exception's trace.
    /// Mirrors <c>Task.get_stack</c>.
    /// </summary>
    /// <remarks>
    /// Nothing is recorded for this while the program runs. For the loop's thread; from another thread it does not throw, but the task may move
    /// meanwhile, and what is running now has no line.
    /// </remarks>
    /// <param name="task">The task.</param>
    /// <param name="limit">How many at most: the newest of a stack, the oldest of a trace; zero and less give none, null all.</param>
    /// <returns>The frames. File and line are null where no PDB that belongs to the assembly is beside it or in it.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="task"/> is null.</exception>
    public static IReadOnlyList<CoroutineFrame> GetStack(this CoroutineTask task, int? limit = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        int most = Math.Max(0, limit ?? int.MaxValue);
        if (task.PeekException is { } failure)
        {
            var trace = TraceFrames.Of(failure, task.Coroutine.QualifiedName);
            return most < trace.Count ? trace[..most] : trace;
        }
        return task.IsDone ? [] : FramesOf(task, AwaitChain.Of(task.Coroutine), most);
    }

    /// <summary>Writes the frames of <see cref="GetStack"/> as Python's traceback module would. Mirrors <c>Task.print_stack</c>.</summary>
    /// <param name="task">The task.</param>
    /// <param name="limit">How many frames at most; see <see cref="GetStack"/>.</param>
    /// <param name="writer">Where to write; null for the standard error stream.</param>
    /// <exception cref="ArgumentNullException"><paramref name="task"/> is null.</exception>
    public static void PrintStack(this CoroutineTask task, int? limit = null, TextWriter? writer = null)
    {
        var frames = GetStack(task, limit);
        writer ??= Console.Error;
        var failure = task.PeekException;
        writer.WriteLine(frames.Count == 0
            ? $"No stack for {TextForm.Whole(task)}"
            : $"{(failure is null ? "Stack" : "Traceback")} for {TextForm.Whole(task)} (most recent call last):");
        new FrameWriter(writer).Write(frames);
        if (failure is not null)
        {
            writer.WriteLine($"{failure.GetType().Name}: {TextForm.MessageOf(failure)}");
        }
    }

    /// <summary>The newest <paramref name="most"/> frames of a task that is not done.</summary>
    internal static List<CoroutineFrame> FramesOf(CoroutineTask task, AwaitChain chain, int most)
    {
        var parts = chain.Frames;
        var running = new List<CoroutineFrame>();
        if (task.Loop.CurrentTask?.Identity == task.Identity && task.Loop.IsOnOwnThread
            && ((parts[^1] as Coroutine)?.Machine ?? parts[^1]) is { } innermost && TraceFrames.OfThisThread(innermost.GetType()) is { Count: > 0 } frames)
        {
            // Asked from inside: in the place of the innermost frame stands what this thread executes now.
            running = frames;
            parts = parts[..^1];
        }
        // Below the task's own coroutine the library's methods say nothing that the line does not say which awaits them.
        parts = [.. parts.Where((part, index) => index == 0 || !IsOwn(part))];
        int kept = (int)Math.Min(parts.Count, Math.Max(0L, most - running.Count));
        return [.. parts[^kept..].Select(FrameOf), .. running[^Math.Min(running.Count, most)..]];
    }

    /// <summary>One of the frames of an <see cref="AwaitChain"/>.</summary>
    internal static CoroutineFrame FrameOf(object part)
    {
        switch (part)
        {
            case Coroutine { Machine: { } machine } coroutine:
                var source = StateMachineSource.Of(machine.GetType());
                return Frame(coroutine.QualifiedName, coroutine.IsNew ? source.Start : source.PositionOf(machine));
            case Coroutine coroutine:
                return Frame(coroutine.QualifiedName, null);
            case System.Runtime.CompilerServices.IAsyncStateMachine machine:
                return Frame(MethodNames.OfStateMachine(machine.GetType()), StateMachineSource.Of(machine.GetType()).PositionOf(machine));
            default:
                return Frame(MethodNames.OfType(part.GetType()), null);
        }
    }

    private static bool IsOwn(object part) => MethodNames.IsOwn(part is Coroutine { MachineType: { } machine } ? machine : part.GetType());

    private static CoroutineFrame Frame(string method, SourcePosition? position) => new(method, position?.File, position?.Line);
}
