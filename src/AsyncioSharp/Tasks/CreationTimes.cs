namespace AsyncioSharp;

/// <summary>
/// When the tasks of a loop were created. No task knows it, and creating one costs nothing for it: before the loop sleeps, and whenever it looks
/// at its clock anyway, it notes the time and which tasks there are, if some were created since. So a task's time is that of the loop's
/// first look at the clock after its creation, to half a millisecond. When there are very many notes, and not as many live tasks, the notes are dropped that none
/// of these needs. With more tasks, those are dropped that make no difference of more than a 32nd of an age, so that their number grows only with the
/// logarithm of the time.
/// </summary>
internal sealed class CreationTimes
{
    private const int FewNotes = 1024;
    private const int Precision = 32;
    private const double Resolution = 0.5e-3;

    private static readonly Comparer<(TaskOrder Last, double Time)> s_byTask
        = Comparer<(TaskOrder Last, double Time)>.Create(static (one, other) => one.Last.CompareTo(other.Last));

    private readonly List<(TaskOrder Last, double Time)> _notes = []; // the tasks up to this one existed at this time; both rise
    private int _limit = FewNotes;

    /// <summary>How many notes there are.</summary>
    internal int Count => _notes.Count;

    /// <summary>Says that the tasks which <paramref name="loop"/> has made so far exist now.</summary>
    internal void Note(double time, EventLoop loop)
    {
        var last = TaskOrder.LastOf(loop);
        if (_notes.Count > 0 && time - _notes[^1].Time < Resolution)
        {
            _notes[^1] = (last, _notes[^1].Time); // not the new time: it would go on and on
            return;
        }
        if (_notes.Count == _limit)
        {
            if (loop.TaskCount < FewNotes)
            {
                DropUnused(loop.LiveTasks());
            }
            else
            {
                Thin(time);
            }
            _limit = Math.Max(FewNotes, 2 * _notes.Count);
        }
        _notes.Add((last, time));
    }

    /// <summary>The first time noted after a task was created; null if none was noted since.</summary>
    internal double? Of(TaskOrder task) => IndexOf(task) is var index && index < _notes.Count ? _notes[index].Time : null;

    // Of the first note in which the task is.
    private int IndexOf(TaskOrder task) => _notes.BinarySearch((task, 0), s_byTask) is var index && index < 0 ? ~index : index;

    private void DropUnused(List<CoroutineTask> live)
    {
        int kept = 0;
        foreach (int used in live.Select(task => IndexOf(task.Order)).Where(index => index < _notes.Count).Distinct().ToList())
        {
            _notes[kept++] = _notes[used]; // the tasks are in order, and so are their notes
        }
        _notes.RemoveRange(kept, _notes.Count - kept);
    }

    private void Thin(double now)
    {
        int kept = 1;
        for (int i = 1; i < _notes.Count; i++)
        {
            // Without this one, what lies behind the last that is kept is taken for as old as the next one.
            bool isNeeded = i == _notes.Count - 1 || (_notes[i + 1].Time - _notes[kept - 1].Time) * Precision > now - _notes[i + 1].Time;
            if (isNeeded)
            {
                _notes[kept++] = _notes[i];
            }
        }
        _notes.RemoveRange(kept, _notes.Count - kept);
    }
}
