using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

/// <summary>
/// Drives a chain of coroutines that await each other, without recursion: it resumes the innermost (the leaf); when the leaf awaits another
/// coroutine, that one is run next; when the leaf ends, the one that awaited it is. So resuming costs the same at any depth.
/// </summary>
/// <remarks>
/// Throwing is dear in .NET: microseconds a frame. A cancellation therefore leaves coroutines that could not notice it
/// (<see cref="Coroutine.IsTransparent"/>) without a throw: they are marked as failed, and only the next one that has a handler is run.
/// Other exceptions are thrown through every frame, for the sake of their traces, but only through so many: .NET copies the trace at each
/// throw, so that a failure a hundred thousand frames deep would take hours. From where <see cref="Rethrow"/> lets the trace grow no more, it leaves in the same
/// way as a cancellation.
/// </remarks>
internal static class Trampoline
{
    /// <summary>Runs <paramref name="leaf"/>, and those around it, until the chain waits for something that is not a coroutine.</summary>
    /// <returns>The coroutine that waits; or, awaiting nothing, the outermost one: it has ended.</returns>
    internal static Coroutine Resume(Coroutine leaf)
    {
        leaf.Resume();
        return GoOn(leaf);
    }

    /// <summary>The same for one that has been resumed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Coroutine GoOn(Coroutine leaf) => leaf.Awaiting > AwaitKind.Coroutine ? leaf : Continue(leaf); // a leaf that waits again is all there is to many a step

    /// <summary>The same, beginning with <paramref name="exception"/> thrown at the point where <paramref name="leaf"/> is suspended.</summary>
    internal static Coroutine Throw(Coroutine leaf, Exception exception)
    {
        leaf.Throw(exception);
        return Continue(leaf);
    }

    /// <summary>Ends a suspended coroutine by an exception that runs its <c>finally</c> blocks.</summary>
    internal static void Close(Coroutine coroutine)
    {
        if (coroutine.Parent is not null)
        {
            throw new InvalidOperationException($"coroutine '{coroutine.QualifiedName}' is awaited by '{coroutine.Parent.QualifiedName}'; close that one");
        }
        if (coroutine.Status == Coroutine.Progress.Waited)
        {
            throw new InvalidOperationException($"coroutine '{coroutine.QualifiedName}' is awaited in {coroutine.Link}; close the coroutine that awaits it");
        }
        var leaf = Enter(coroutine.Innermost);
        if (leaf.Awaiting == AwaitKind.Foreign)
        {
            throw new InvalidOperationException($"coroutine '{leaf.QualifiedName}' waits for an operation of .NET and cannot be closed; cancel its task");
        }
        var awaited = leaf.Awaiting == AwaitKind.Future ? (IWaitable)leaf.Link! : null;
        var stopped = Throw(leaf, new CoroutineExitException());
        if (stopped.Awaiting != AwaitKind.None)
        {
            MarkStrayed(stopped, true);
            awaited?.Dismiss(coroutine);
            throw new InvalidOperationException($"coroutine ignored Close(): '{stopped.QualifiedName}' awaited something while it was being closed");
        }
        if (coroutine.Failure is { } failure and not CoroutineExitException)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>The task of a coroutine that has strayed learns where that stands: gives the innermost frame.</summary>
    internal static Coroutine Recover(Coroutine strayed)
    {
        var leaf = strayed.Innermost;
        MarkStrayed(leaf, false);
        return leaf;
    }

    private static void MarkStrayed(Coroutine leaf, bool hasStrayed)
    {
        for (Coroutine? frame = leaf; frame is not null; frame = frame.Parent)
        {
            frame.MarkStrayed(hasStrayed);
        }
    }

    /// <summary>Makes a frame of what <paramref name="leaf"/> awaits, if that only waits; returns the innermost frame.</summary>
    internal static Coroutine Enter(Coroutine leaf)
    {
        if (leaf.Awaiting != AwaitKind.Wait)
        {
            return leaf;
        }
        var wait = Unsafe.As<Coroutine>(leaf.Link)!;
        wait.Begin(leaf);
        leaf.Suspend(AwaitKind.Coroutine, wait);
        return wait;
    }

    /// <summary>True if a cancellation leaves <paramref name="leaf"/>, or a coroutine around it, without a throw.</summary>
    internal static bool IsLeftUnseen(Coroutine leaf)
    {
        Coroutine? frame = leaf;
        while (frame is { IsTransparent: false })
        {
            frame = frame.Parent;
        }
        return frame is not null;
    }

    /// <summary>
    /// Ends by a cancellation a suspended chain in which nothing can notice it, without the exception. Returns the outermost coroutine; null, and nothing is
    /// changed, if something can notice.
    /// </summary>
    internal static Coroutine? EndUnseen(Coroutine leaf)
    {
        var outermost = leaf;
        while (outermost.IsTransparent)
        {
            if (outermost.Parent is { } parent)
            {
                outermost = parent;
                continue;
            }
            for (Coroutine? frame = leaf; frame is not null; frame = frame.Parent)
            {
                frame.FailUnseen();
            }
            return outermost;
        }
        return null;
    }

    /// <summary>The leaf of a chain that was ended so.</summary>
    internal static Coroutine LeafEndedUnseen(Coroutine outermost)
    {
        var leaf = outermost;
        while (leaf.Link is Coroutine awaited && ReferenceEquals(awaited.Parent, leaf))
        {
            leaf = awaited;
        }
        return leaf;
    }

    private static Coroutine Continue(Coroutine leaf)
    {
        while (true)
        {
            if (leaf.Awaiting == AwaitKind.Coroutine)
            {
                var child = Unsafe.As<Coroutine>(leaf.Link)!;
                child.Begin(leaf);
                leaf = child;
            }
            else if (leaf.Awaiting != AwaitKind.None)
            {
                return leaf;
            }
            else
            {
                if (leaf.Status == Coroutine.Progress.Failed)
                {
                    leaf = Unwind(leaf);
                }
                if (leaf.Parent is not { } parent)
                {
                    return leaf;
                }
                leaf = parent;
            }
            leaf.Resume();
        }
    }

    /// <summary>Has those around a failed coroutine that could not notice take over the failure, unless they are to be traced. Returns the last of them.</summary>
    private static Coroutine Unwind(Coroutine failed)
    {
        if (failed.Failure is { } exception && (exception is CancelledException or CoroutineExitException || Rethrow.IsTracedEnough(exception)))
        {
            while (failed.Parent is { IsTransparent: true } parent)
            {
                parent.Fail(exception);
                failed = parent;
            }
        }
        return failed;
    }
}

/// <summary>Thrown into a coroutine that is closed: Python's <c>GeneratorExit</c>. Never seen outside.</summary>
internal sealed class CoroutineExitException() : Exception("The coroutine was closed.");
