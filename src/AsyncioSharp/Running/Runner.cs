using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

/// <summary>
/// Runs several programs one after the other on one loop and in one context, and puts the loop in order at the end. Mirrors
/// <c>asyncio.Runner</c>. <see cref="Asyncio.Run{T}(IAwaitable{T}, bool?, Func{EventLoop}?)"/> is a runner that is used once.
/// </summary>
/// <remarks>
/// <para>The loop is made, and the caller's context copied, at the first <see cref="Run{T}(IAwaitable{T}, Context?)"/> or <see cref="GetLoop"/>. Tasks that are left when a
/// run ends stay in the loop and go on with the next run. What a run changes in the context is there in the next one.</para>
/// <para>Ctrl-C during a run cancels its coroutine; if that ends so, <see cref="KeyboardInterruptException"/> is thrown. A second Ctrl-C leaves
/// the loop at once, a third one ends the process. In <see cref="Close"/> it goes on so: the interrupt is thrown when everything has been put in order, and tasks that still clean
/// up are waited for. Between the runs Ctrl-C does what it does without a runner.</para>
/// </remarks>
/// <param name="debug">Debug mode on or off; null for what <c>ASYNCIOSHARP_DEBUG</c> says.</param>
/// <param name="loopFactory">Makes the loop; null for <c>new EventLoop()</c>.</param>
public sealed class Runner(bool? debug = null, Func<EventLoop>? loopFactory = null) : IDisposable
{
    private EventLoop? _loop;
    private Context? _context;   // of the runs; null: the empty one
    private Exception? _failure; // with which the last run ended
    private int _presses;        // of Ctrl-C during the last run
    private bool _closed;

    /// <summary>
    /// Runs a coroutine to its end, in a task; or awaits a future or task of this runner's loop in one. Mirrors <c>Runner.run</c>, which takes anything that can be
    /// awaited since Python 3.14.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitable">What to run. Ctrl-C, or leaving the loop otherwise, cancels it.</param>
    /// <param name="context">The context to run in, used as it is; null for that of the runner.</param>
    /// <returns>What it returned; what it threw is thrown. If it ends cancelled, a <see cref="CancelledException"/> is.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    /// <exception cref="ArgumentException">The loop factory returned null.</exception>
    /// <exception cref="InvalidOperationException">The runner is closed, or a loop is running on this thread; a coroutine is left unstarted. Or it is a
    /// pending future of another loop.</exception>
    /// <exception cref="KeyboardInterruptException">The user pressed Ctrl-C.</exception>
    [StackTraceHidden]
    public T Run<T>(IAwaitable<T> awaitable, Context? context = null)
        => RunTask(
            awaitable,
            context,
            static it => Asyncio.WaitFor((IAwaitable<T>)it, timeout: null),
            [StackTraceHidden] static (loop, task) => loop.RunUntilComplete((IAwaitable<T>)(object)task));

    /// <inheritdoc cref="Run{T}(IAwaitable{T}, Context?)"/>
    [StackTraceHidden]
    public void Run(IAwaitable awaitable, Context? context = null)
        => RunTask(awaitable, context, static it => Asyncio.WaitFor(it, timeout: null), [StackTraceHidden] static (loop, task) =>
        {
            loop.RunUntilComplete(task);
            return true;
        });

    /// <summary>The loop of the runner, for instance to set it up before the first run. Mirrors <c>Runner.get_loop</c>.</summary>
    /// <returns>The loop.</returns>
    /// <exception cref="ArgumentException">The loop factory returned null.</exception>
    /// <exception cref="InvalidOperationException">The runner is closed; or the loop factory returned a closed loop.</exception>
    public EventLoop GetLoop()
    {
        if (_closed)
        {
            throw new InvalidOperationException("Runner is closed; make a new one.");
        }
        if (_loop is null)
        {
            _loop = MakeLoop(debug, loopFactory);
            _context = Context.CaptureForNew();
        }
        return _loop;
    }

    /// <summary>
    /// Puts everything in order: tasks that are left are cancelled and awaited, their failures reported; async iterators that were left
    /// half-consumed are disposed; the executor's threads are waited for, 300 s at most; failures that nobody retrieved are reported; the loop is
    /// closed. Calling it again does nothing. Mirrors <c>Runner.close</c>.
    /// </summary>
    /// <remarks>
    /// All of this is done whatever becomes of any part. What such a part throws (a <see cref="KeyboardInterruptException"/> of a task, say) is
    /// thrown at the end; but if the last run ended with an exception, it is reported to the loop's exception handler instead, so that in a
    /// <c>using</c> it does not take the place of that exception.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The loop is running, or another one is on this thread; nothing is closed.</exception>
    public void Close()
    {
        if (_closed || _loop is not { IsClosed: false } loop)
        {
            _closed = true;
            return;
        }
        loop.CheckNotRunning();
        _closed = true;
        using var interrupt = new KeyboardInterrupt(loop, null, _presses); // cleaning up is not lost to an impatient user
        var thrown = ThrownAtTheEnd(loop, _failure, EndPhase.PutInOrder(loop));
        if (thrown is not null && _failure is null)
        {
            ExceptionDispatchInfo.Throw(thrown);
        }
    }

    /// <summary>The same as <see cref="Close"/>.</summary>
    public void Dispose() => Close();

    /// <summary>A new loop, set up for a program.</summary>
    internal static EventLoop MakeLoop(bool? debug, Func<EventLoop>? loopFactory)
    {
        var loop = loopFactory is null ? new EventLoop() : loopFactory() ?? throw new ArgumentException("The loop factory returned null.", nameof(loopFactory));
        loop.CheckClosed();
        loop.Debug = debug ?? loop.Debug;
        return loop;
    }

    /// <summary>What is thrown behind the end phase, if anything: the program's failure, or else the first of the phase's. The others are reported.</summary>
    internal static Exception? ThrownAtTheEnd(EventLoop loop, Exception? failure, List<Exception> failures)
    {
        var thrown = failure ?? failures.FirstOrDefault();
        foreach (var other in failures.Where(other => !IsTold(other, thrown)))
        {
            loop.CallExceptionHandler(new ExceptionContext { Message = "unhandled exception during Asyncio.Run() shutdown", Exception = other });
        }
        return thrown;
    }

    // A group throws an interrupt of one of its tasks again; and nothing new is told by the second of two Ctrl-C, or by tasks that wait for each other still.
    private static bool IsTold(Exception other, Exception? thrown) => (other, thrown) switch
    {
        (KeyboardInterruptException { IsSignal: true }, KeyboardInterruptException) => true,
        (DeadlockException { Rings: { Length: > 0 } rings }, DeadlockException first) => rings == first.Rings,
        _ => other == thrown,
    };

    [StackTraceHidden]
    private TResult RunTask<TResult>(
        IAwaitable awaitable, Context? context, Func<IAwaitable, Coroutine> await, Func<EventLoop, CoroutineTask, TResult> complete)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        if (EventLoop.Running is not null)
        {
            throw new InvalidOperationException("Runner.Run() cannot be called from a running event loop; await it instead.");
        }
        var loop = GetLoop();
        loop.CheckNotRunning();
        _failure = null;
        var task = loop.CreateTask(awaitable as Coroutine ?? await(awaitable), context: context ?? OwnContext());
        task.IsImplicit = true;
        using var interrupt = new KeyboardInterrupt(loop, task);
        try
        {
            return complete(loop, task);
        }
        catch (CancelledException) when (interrupt.Caused(task))
        {
            _failure = new KeyboardInterruptException();
            throw _failure;
        }
        catch (Exception e)
        {
            _failure = e;
            throw;
        }
        finally
        {
            _presses = interrupt.Presses;
            if (context is null)
            {
                _context = task.ReportContext;
            }
        }
    }

    // Null if nothing is set, neither in the runner's context nor in the caller's: then the task gets the empty context, which costs its steps least.
    private Context? OwnContext()
    {
        if (_context is null && !ReferenceEquals(Context.Current, Context.Empty))
        {
            _context = new Context(Context.Empty);
        }
        return _context;
    }
}
