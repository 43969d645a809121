using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Which task holds which lock. Taking a lock records nothing outside of debug mode, so it is looked for when asked: a coroutine that has taken one with <c>using</c>
/// and is suspended keeps what will release it among its locals. Unknown is a lock that is to be released by hand.
/// </summary>
internal sealed class LockHolders
{
    private static readonly ConditionalWeakTable<Type, FieldInfo[]> s_releasers = [];

    private readonly Dictionary<AsyncLock, CoroutineTask> _holders = new(ReferenceEqualityComparer.Instance);

    internal LockHolders(IEnumerable<CoroutineTask> tasks)
    {
        foreach (var task in tasks)
        {
            foreach (object frame in AwaitChain.Of(task.Coroutine).Frames)
            {
                Collect(frame is Coroutine coroutine ? coroutine.Machine : frame, task);
            }
        }
    }

    /// <summary>The task that holds <paramref name="target"/>; null if none does, or that is not known.</summary>
    internal CoroutineTask? Of(AsyncLock target)
        => target.IsLocked && (target.Holder ?? _holders.GetValueOrDefault(target)) is { IsDone: false } holder ? holder : null;

    private void Collect(object? machine, CoroutineTask task)
    {
        foreach (var field in machine is IAsyncStateMachine ? ReleasersOf(machine.GetType()) : [])
        {
            if (((AsyncReleaser)field.GetValue(machine)!).Lock is { } held)
            {
                _holders[held] = task.Identity;
            }
        }
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Of a machine that exists the fields are there; one that cannot be seen tells of no lock.")]
    private static FieldInfo[] ReleasersOf(Type machine) => s_releasers.GetValue(machine, static machine =>
        [.. machine.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Where(static field => field.FieldType == typeof(AsyncReleaser))]);
}
