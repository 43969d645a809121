using System.Runtime.CompilerServices;
using AsyncioSharp;

namespace AwaitShapes;

/// <summary>
/// What the shapes await. Each call is told its line by the compiler; while it is awaited, <see cref="Expected"/> holds the lines of the calls that
/// are being awaited in the shapes, outermost first. For one loop at a time on a thread.
/// </summary>
public static class Probe
{
    [ThreadStatic]
    private static Stack<int>? t_lines;

    [ThreadStatic]
    private static Action? t_complete;

    /// <summary>The lines that a stack of the shape must show now, outermost first; null if nothing is awaited.</summary>
    public static int[]? Expected => t_complete is null ? null : [.. t_lines!.Reverse()];

    /// <summary>Lets the shape go on from where it waits.</summary>
    public static void Complete()
    {
        var complete = t_complete!;
        t_complete = null;
        t_lines!.Pop();
        complete();
    }

    /// <summary>A future that is pending until <see cref="Complete"/>.</summary>
    /// <param name="value">What it gives.</param>
    /// <param name="up">For a statement of several lines: how many lines above the call it begins.</param>
    /// <param name="line">Given by the compiler.</param>
    public static Future<int> Future(int value = 1, int up = 0, [CallerLineNumber] int line = 0)
    {
        var future = Asyncio.GetRunningLoop().CreateFuture<int>();
        Push(line - up, () => future.SetResult(value));
        return future;
    }

    /// <summary>The same as a coroutine.</summary>
    public static async Coroutine<int> Call(int value = 1, int up = 0, [CallerLineNumber] int line = 0) => await Future(value, 0, line - up);

    /// <summary>The same as a task of .NET.</summary>
    public static Task<int> Task(int value = 1, int up = 0, [CallerLineNumber] int line = 0)
    {
        var source = new TaskCompletionSource<int>();
        Push(line - up, () => source.SetResult(value));
        return source.Task;
    }

    /// <summary>The same as a coroutine that fails.</summary>
    public static async Coroutine Fail([CallerLineNumber] int line = 0)
    {
        await Future(0, 0, line);
        throw new InvalidOperationException("asked for");
    }

    /// <summary>Awaits something that awaits in its turn: both lines are expected.</summary>
    public static async Coroutine<T> Through<T>(Func<Coroutine<T>> inner, [CallerLineNumber] int line = 0)
    {
        Enter(line);
        try
        {
            return await inner();
        }
        finally
        {
            t_lines!.Pop();
        }
    }

    /// <summary>Says that what follows is awaited at this line, until the result is disposed.</summary>
    public static IDisposable At([CallerLineNumber] int line = 0)
    {
        Enter(line);
        return new Leaver();
    }

    private static void Enter(int line) => (t_lines ??= new()).Push(line);

    private static void Push(int line, Action complete)
    {
        Enter(line);
        t_complete = complete;
    }

    private sealed class Leaver : IDisposable
    {
        public void Dispose() => t_lines!.Pop();
    }
}

/// <summary>Disposed asynchronously, in which it awaits.</summary>
public sealed class Resource : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await Task.CompletedTask;
}
