namespace AsyncioSharp;

/// <summary>
/// When the tasks of a table were created. No task knows it, and creating one costs nothing for it: before the loop sleeps, and whenever it looks
/// at its clock anyway, it notes the time and how far the table is filled, if tasks were added since. So a task's time is that of the loop's
/// first look at the clock after its creation. When there are very many notes, those are dropped that make no difference of more than a 32nd of
/// an age; so their number grows only with the logarithm of the time.
/// </summary>
internal sealed class CreationTimes
{
    private const int FewNotes = 1024;
    private const int Precision = 32;

    private readonly List<(int Slot, double Time)> _notes = []; // the tasks below this slot existed at this time; both rise
    private int _limit = FewNotes;

    /// <summary>The first slot of which nothing is noted.</summary>
    internal int Noted => _notes.Count == 0 ? 0 : _notes[^1].Slot;

    /// <summary>Says that the tasks below <paramref name="slot"/>, which is beyond <see cref="Noted"/>, exist now.</summary>
    internal void Note(int slot, double time)
    {
        if (_notes.Count == _limit)
        {
            Thin(time);
            _limit = Math.Max(FewNotes, 2 * _notes.Count);
        }
        _notes.Add((slot, time));
    }

    /// <summary>The first time noted after the task in <paramref name="slot"/> was created; null if none was noted since.</summary>
    internal double? Of(int slot)
    {
        int low = 0;
        int high = _notes.Count; // the note is at or behind the first and before the second
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_notes[middle].Slot > slot)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return low == _notes.Count ? null : _notes[low].Time;
    }

    /// <summary>The slots from <paramref name="slot"/> on are free, and will be handed out again.</summary>
    internal void Cut(int slot)
    {
        while (Noted > slot)
        {
            var (_, time) = _notes[^1];
            _notes.RemoveAt(_notes.Count - 1);
            if (Noted < slot)
            {
                _notes.Add((slot, time)); // of those that stay, some were created between the note before and this one
            }
        }
    }

    /// <summary>The table is about to move its tasks down over the slots that are not taken.</summary>
    internal void CloseHoles(TaskTable table)
    {
        int kept = 0;
        int taken = 0;
        int slot = 0;
        for (int i = 0; i < _notes.Count; i++)
        {
            var (noted, time) = _notes[i];
            for (; slot < noted; slot++)
            {
                taken += table.IsTaken(slot) ? 1 : 0;
            }
            if (taken > (kept == 0 ? 0 : _notes[kept - 1].Slot)) // else none is left that was created in between
            {
                _notes[kept++] = (taken, time);
            }
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
