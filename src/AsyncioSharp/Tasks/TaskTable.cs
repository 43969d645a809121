namespace AsyncioSharp;

/// <summary>
/// The tasks of a loop that are not done, in order of their creation. Each knows its slot. A task that ends leaves a hole; when the table is
/// full the holes are closed, or it grows. So adding and removing cost a few instructions each, and removing touches no other task.
/// </summary>
internal sealed class TaskTable
{
    private const int Smallest = 16;

    private readonly CreationTimes _times = new();
    private Slot[] _slots = new Slot[Smallest];
    private int _used; // slots that were handed out since the holes were closed last

    // An array of a class would check the type of what is stored in it, for a tenth of the cost of a short task.
    private struct Slot
    {
        public CoroutineTask? Task;
    }

    /// <summary>How many tasks are not done.</summary>
    internal int Count { get; private set; }

    internal void Add(CoroutineTask task)
    {
        if (_used == _slots.Length)
        {
            CloseHoles();
        }
        task.Slot = _used;
        _slots[_used++].Task = task;
        Count++;
    }

    internal void Remove(CoroutineTask task)
    {
        _slots[task.Slot].Task = null;
        if (--Count == 0)
        {
            _used = 0;
            _times.Clear();
        }
    }

    /// <summary>True if tasks were added since <see cref="NoteTime"/>.</summary>
    internal bool HasNew => _used > _times.Noted;

    /// <summary>Says what time it is; see <see cref="CreationTimes"/>.</summary>
    internal void NoteTime(double time) => _times.Note(_used, time);

    /// <summary>About when a task was added; null if no time was noted since.</summary>
    internal double? CreationOf(CoroutineTask task) => _times.Of(task.Slot);

    /// <summary>The tasks of this moment, the oldest first.</summary>
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
    private void CloseHoles()
    {
        var old = _slots;
        _times.CloseHoles(slot => old[slot].Task is not null);
        if (Count > old.Length / 2)
        {
            _slots = new Slot[old.Length * 2];
        }
        else if (Count < old.Length / 8 && old.Length > Smallest)
        {
            _slots = new Slot[old.Length / 2];
        }
        int kept = 0;
        for (int i = 0; i < _used; i++)
        {
            if (old[i].Task is { } task)
            {
                task.Slot = kept;
                _slots[kept++].Task = task;
            }
        }
        _slots.AsSpan(kept).Clear();
        _used = kept;
    }
}
