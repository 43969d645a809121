namespace AsyncioSharp;

// Where a task's step began and ended, for reports of steps that take long.
public sealed partial class EventLoop
{
    private const int Innermost = 3; // coroutines of this library, such as a sleep, have no lines; those around them have

    internal static partial object? PlaceOf(Runnable entry)
    {
        // From the inside outwards and not far, as this is done for each step.
        var coroutine = entry is CoroutineTask { IsDone: false } task ? task.Leaf : null;
        for (int i = 0; i < Innermost && coroutine is not null; i++, coroutine = coroutine.Parent)
        {
            if (TaskStacks.FrameOf(coroutine) is { Line: not null } frame)
            {
                return frame;
            }
        }
        return null;
    }

    private static partial string Describe(Runnable entry, object? begin, bool isRunning)
    {
        if (entry is not CoroutineTask task)
        {
            return "";
        }
        var text = new StringWriter();
        if (begin is CoroutineFrame frame)
        {
            text.WriteLine();
            text.WriteLine("The step began at:");
            new FrameWriter(text).Write([frame]);
        }
        var frames = task.GetStack();
        if (frames.Count > 0)
        {
            text.WriteLine(isRunning ? "Its coroutines, of which the last one runs (most recent call last):" : "It ended at (most recent call last):");
            new FrameWriter(text).Write(frames);
        }
        if (task.SourceTraceback is { } created)
        {
            text.WriteLine("Task created at (most recent call first):");
            text.WriteLine(created.ToString().TrimEnd());
        }
        return text.ToString().TrimEnd();
    }
}
