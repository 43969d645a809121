using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The tasks of a loop that have begun and are not done, in order of their creation. Each knows its place. A task that ends leaves a hole; when the table is
/// full the holes are closed, or it grows. So adding and removing cost a few instructions each, and removing touches no other task.
/// </summary>
/// <remarks>
/// A task is added when its first step has not ended it: until then the loop's ready queue holds it, and a task that ends in its first step is spared
/// a seventh of what it costs. Those are only counted; <see cref="EventLoop.LiveTasks"/> finds them.
/// </remarks>
internal sealed class TaskTable
{
    private const int Smallest = 64;

    private readonly CreationTimes _times = new();
    private Slot[] _slots = new Slot[Smallest];
    private int _used;     // slots that were handed out since the holes were closed last
    private int _holes;    // of these, the slots of tasks that have ended

    // An array of a class would check the type of what is stored in it, for a tenth of the cost of a short task.
    internal struct Slot
    {
        public CoroutineTask? Task;
    }

    /// <summary>How many tasks are not done, those that have not been added yet included.</summary>
    internal int Count => Unlisted + _used - _holes;

    /// <summary>How many tasks were created and have neither ended nor been added.</summary>
    internal int Unlisted { get; private set; }

    /// <summary>Says that a task was created, which is to be added later.</summary>
    internal void Expect() => Unlisted++;

    /// <summary>Adds one that was expected.</summary>
    internal void List(CoroutineTask task)
    {
        Unlisted--;
        Add(task);
    }

    internal void Add(CoroutineTask task)
    {
        if (_used == _slots.Length)
        {
            CloseHoles();
        }
        _slots[_used++].Task = task;
        task.Place = _used;
    }

    /// <summary>Takes out a task that ends, or that was expected and will not come.</summary>
    internal void Remove(CoroutineTask task)
    {
        if (task.Place == 0)
        {
            Unlisted--;
            return;
        }
        _slots[task.Place - 1].Task = null;
        if (++_holes == _used)
        {
            _used = 0;
            _holes = 0;
            _times.Clear();
        }
    }

    /// <summary>True if tasks were added since <see cref="NoteTime"/>.</summary>
    internal bool HasNew => _used > _times.Noted;

    /// <summary>Says what time it is; see <see cref="CreationTimes"/>.</summary>
    internal void NoteTime(double time) => _times.Note(_used, time);

    /// <summary>About when a task was added; null if no time was noted since.</summary>
    internal double? CreationOf(CoroutineTask task) => task.Place == 0 ? null : _times.Of(task.Place - 1);

    /// <summary>Those that have been added, the oldest first.</summary>
    internal List<CoroutineTask> ToList()
    {
        var tasks = new List<CoroutineTask>(Count);
        var slots = _slots; // another thread may look too: what it sees may be a moment old, but must not be out of bounds
        foreach (var slot in slots.AsSpan(0, Math.Min(_used, slots.Length)))
        {
            if (slot.Task is { } task)
            {
                tasks.Add(task);
            }
        }
        return tasks;
    }

    // Leaves at least half of the table free, so that the work is paid for by the tasks that are added until it is full again.
    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
    private void CloseHoles()
    {
        var old = _slots;
        _times.CloseHoles(old);
        int taken = _used - _holes;
        if (taken > old.Length / 2)
        {
            _slots = new Slot[old.Length * 2];
        }
        else if (taken < old.Length / 8 && old.Length > Smallest)
        {
            _slots = new Slot[old.Length / 2];
        }
        int kept = 0;
        for (int i = 0; i < _used; i++)
        {
            if (old[i].Task is { } task)
            {
                _slots[kept++].Task = task;
                task.Place = kept;
            }
        }
        _slots.AsSpan(kept).Clear();
        _used = kept;
        _holes = 0;
    }
}
