using System.Runtime.CompilerServices;

namespace AsyncioSharp;

// Programs on a thread that has a message loop already.
public static partial class Asyncio
{
    /// <summary>
    /// Runs a program as <see cref="Run{T}(IAwaitable{T}, bool?, Func{EventLoop}?)"/> does, its end phase included, as a guest of a host's message loop; returns at
    /// once. For a thread that has a loop already, such as that of a user interface; see <see cref="EventLoop.RunAsGuest"/>. asyncio has no counterpart.
    /// </summary>
    /// <remarks>
    /// At the end, also after a failure, and always as messages of the host: tasks that are left are cancelled and awaited, async iterators disposed, the executor's threads
    /// waited for, lost failures reported, and the loop is closed. Ctrl-C is the host's affair: a token ends the program.
    /// </remarks>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="main">The program's coroutine, or anything else that can be awaited, as with <c>Run</c>. It runs in a copy of the caller's context.</param>
    /// <param name="host">The host's context; it must run what is posted to it one after the other.</param>
    /// <param name="debug">Debug mode on or off; null for what <c>ASYNCIOSHARP_DEBUG</c> says.</param>
    /// <param name="loopFactory">Makes the loop; null for <c>new EventLoop()</c>.</param>
    /// <param name="cancellationToken">Cancelling it, in any thread, cancels <paramref name="main"/>, which is awaited to its end.</param>
    /// <returns>A task of what <paramref name="main"/> returned; it ends when the loop is closed. It is cancelled if <paramref name="main"/> was, and
    /// fails with what that threw, or with what left the loop. If the host takes no more messages before the end, it fails and says so.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="main"/> or <paramref name="host"/> is null.</exception>
    /// <exception cref="ArgumentException">The loop factory returned null.</exception>
    public static Task<T> RunAsGuest<T>(
        IAwaitable<T> main, SynchronizationContext host, bool? debug = null, Func<EventLoop>? loopFactory = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(main);
        ArgumentNullException.ThrowIfNull(host);
        return new GuestProgram<T>(host, debug, loopFactory).Start(
            main is Coroutine coroutine && !cancellationToken.CanBeCanceled ? coroutine : WaitFor(main, cancellationToken),
            static task => ((CoroutineTask<T>)task).Result());
    }

    /// <inheritdoc cref="RunAsGuest{T}(IAwaitable{T}, SynchronizationContext, bool?, Func{EventLoop}?, CancellationToken)"/>
    public static Task RunAsGuest(
        IAwaitable main, SynchronizationContext host, bool? debug = null, Func<EventLoop>? loopFactory = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(main);
        ArgumentNullException.ThrowIfNull(host);
        return new GuestProgram<object?>(host, debug, loopFactory).Start(
            main is Coroutine coroutine && !cancellationToken.CanBeCanceled ? coroutine : WaitFor(main, cancellationToken),
            static _ => null);
    }
}

/// <summary>
/// A program and then its end phase on a loop that is a guest: one run of the loop after the other, each begun where the one before has ended, in the host's
/// thread.
/// </summary>
internal sealed class GuestProgram<T>
{
    private readonly SynchronizationContext _host;
    private readonly EventLoop _loop;
    private readonly List<Exception> _failures = []; // of the end phase
    private AsyncTaskMethodBuilder<T> _outcome = AsyncTaskMethodBuilder<T>.Create(); // only through a builder can a task be cancelled with an exception of our own
    private CoroutineTask? _main;
    private Func<CoroutineTask, T>? _resultOf;
    private Exception? _failure; // of the program
    private T? _result;
    private IEnumerator<IAwaitable>? _parts;

    internal GuestProgram(SynchronizationContext host, bool? debug, Func<EventLoop>? loopFactory)
    {
        _host = host;
        _loop = Runner.MakeLoop(debug, loopFactory);
    }

    internal Task<T> Start(Coroutine main, Func<CoroutineTask, T> resultOf)
    {
        var task = _outcome.Task;
        _resultOf = resultOf;
        _main = _loop.CreateTask(main);
        _main.IsImplicit = true;
        _loop.StartGuest(_host, _main, EndMain);
        return task;
    }

    private void EndMain(Exception? left)
    {
        _failure = left;
        if (left is null)
        {
            try
            {
                _main!.Result();
                _result = _resultOf!(_main);
            }
            catch (Exception e)
            {
                _failure = e;
            }
        }
        if (left is HostLostException)
        {
            GiveUp(left);
            return;
        }
        _parts = EndPhase.Parts(_loop, _failures).GetEnumerator();
        RunNextPart();
    }

    // Told once: nothing of the end phase can run without the host.
    private void GiveUp(Exception lost)
    {
        _failure ??= lost;
        EndPhase.Try(_loop.Close, _failures);
        End();
    }

    private void RunNextPart()
    {
        if (_parts!.MoveNext())
        {
            _loop.StartGuest(_host, _parts.Current, left =>
            {
                if (left is HostLostException)
                {
                    GiveUp(left);
                    return;
                }
                if (left is not null)
                {
                    _failures.Add(left);
                }
                RunNextPart();
            });
            return;
        }
        End();
    }

    private void End()
    {
        var thrown = Runner.ThrownAtTheEnd(_loop, _failure, _failures);
        if (thrown is not null)
        {
            _outcome.SetException(thrown);
        }
        else
        {
            _outcome.SetResult(_result!);
        }
    }
}
