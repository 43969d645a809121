namespace AsyncioSharp;

public static partial class Asyncio
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1); // for a loop to answer another thread

    /// <summary>
    /// Writes every live task of a loop: its name, what it waits for, how old it is, who awaits it, and its stack; and then the rings of tasks that
    /// wait for each other, if there are any. Works in release builds, without a debugger, and from any thread. asyncio has no counterpart.
    /// </summary>
    /// <remarks>
    /// Another thread's call is answered by the loop between two of its callbacks. If the loop does not answer within a second, because something
    /// blocks its thread, the tasks are shown as they are seen from outside, and the first line says so. An age is counted from when the loop first
    /// looked at its clock after the task was created, which it does before it sleeps and when a timer is set: creating a task costs nothing for it.
    /// </remarks>
    /// <param name="writer">Where to write.</param>
    /// <param name="loop">The loop; null for the running one.</param>
    /// <exception cref="ArgumentNullException"><paramref name="writer"/> is null.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="loop"/> is null and no loop is running on this thread.</exception>
    public static void DumpTasks(TextWriter writer, EventLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        loop ??= GetRunningLoop();
        if (!loop.IsRunning || loop.IsOnOwnThread || loop.IsOnHostThread)
        {
            writer.Write(TaskDump.Of(loop));
            return;
        }
        var request = new DumpRequest(loop);
        string? text = loop.TryPush(request, null) ? request.AnswerWithin(s_patience) : null;
        if (text is null && loop.IsRunning)
        {
            writer.WriteLine($"The loop has not answered for {s_patience.TotalSeconds} s: its thread is busy or blocked. Seen from outside:");
        }
        writer.Write(text ?? TaskDump.FromOutside(loop));
    }

    private sealed class DumpRequest(EventLoop loop) : Runnable
    {
        private readonly ConcurrentFuture<string> _answer = new();

        /// <summary>The text; null if the loop has not begun with it by then.</summary>
        internal string? AnswerWithin(TimeSpan patience)
        {
            try
            {
                return _answer.Result(patience);
            }
            catch (TimeoutException)
            {
                return _answer.Cancel() ? null : _answer.Result();
            }
            catch (CancelledException)
            {
                return null; // the loop was closed
            }
        }

        internal override void Run(object? source) => _answer.Run(() => TaskDump.Of(loop));

        internal override void Abandon() => _answer.Cancel();
    }
}
