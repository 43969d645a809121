using System.Runtime.InteropServices;

namespace AsyncioSharp;

/// <summary>
/// Runs the iterations of a loop that has a <see cref="Schedule"/>. It knows of every ready entry what caused it: the entry that was running when it
/// was pushed. From that follows which entries may run next, and the schedule picks one of them. What is kept and what is open, and why, is said there.
/// </summary>
internal sealed class ScheduledRun(EventLoop loop, Schedule schedule)
{
    private readonly Queue<(object Cause, double Deadline)> _marks = new(); // beside the ready queue: one for each entry that was noted
    private readonly List<Entry> _batch = [];       // what this iteration has still to run, oldest first
    private readonly List<Runnable> _choices = [];
    private readonly List<int> _indexes = [];       // of the choices in the batch
    private readonly HashSet<object> _earlier = [];

    private readonly record struct Entry(Runnable Target, object? Source, object Cause, double Deadline)
    {
        internal bool IsCallback => Target is Handle or Alarm && !IsTimer;

        internal bool IsTimer => !double.IsNaN(Deadline);
    }

    /// <summary>Moves the due timers into the ready queue. Each is its own cause.</summary>
    internal void TakeTimers(TimerQueue timers, double limit, ReadyQueue ready)
    {
        Note(ready, loop);
        while (timers.TryPeek(out double when) && timers.TryTake(limit, out var target))
        {
            ready.Push(target!, null);
            _marks.Enqueue((target!, when));
        }
    }

    /// <summary>Runs what is ready, and then the schedule's own part of the iteration.</summary>
    internal void RunReady(ReadyQueue ready)
    {
        Note(ready, loop);
        while (ready.Count > 0)
        {
            var target = ready.Pop(out object? source);
            var (cause, deadline) = _marks.Dequeue();
            _batch.Add(new Entry(target, source, cause, deadline));
        }
        try
        {
            while (_batch.Count > 0)
            {
                int index = Next();
                var entry = _batch[index];
                _batch.RemoveAt(index);
                loop.RunPicked(entry.Target, entry.Source);
                Note(ready, entry.Target);
            }
        }
        finally
        {
            // After a fatal exception: what has not run yet is still the oldest.
            if (_batch.Count > 0)
            {
                PutBack(ready);
            }
        }
        _choices.Clear(); // a task that is kept here is not collected, and its failure not reported
        _earlier.Clear();
        schedule.EndIteration(loop);
        Note(ready, schedule);
    }

    // Whatever was pushed since the last note was pushed by this cause; the loop stands for other threads and for whoever sets the loop up.
    private void Note(ReadyQueue ready, object cause)
    {
        while (_marks.Count < ready.Count)
        {
            _marks.Enqueue((cause, double.NaN));
        }
    }

    private int Next()
    {
        if (_batch.Count == 1)
        {
            return 0;
        }
        FindChoices();
        if (_choices.Count == 1)
        {
            return _indexes[0];
        }
        int choice = schedule.Choose(CollectionsMarshal.AsSpan(_choices));
        return choice >= 0 && choice < _indexes.Count
            ? _indexes[choice]
            : throw new InvalidOperationException($"{schedule.GetType().Name}.Choose gave {choice}; it must give an index below {_indexes.Count}.");
    }

    // An entry may run next unless an earlier one that has not run yet has the same cause, was caused by what this one would resume, or is
    // ordered before it as a callback or a timer.
    private void FindChoices()
    {
        _choices.Clear();
        _indexes.Clear();
        _earlier.Clear();
        bool earlierCallback = false;
        double earliestDeadline = double.PositiveInfinity;
        for (int i = 0; i < _batch.Count; i++)
        {
            var entry = _batch[i];
            bool isBlocked = _earlier.Contains(entry.Target) || (entry.IsCallback && earlierCallback) || (entry.IsTimer && entry.Deadline > earliestDeadline);
            if (_earlier.Add(entry.Cause) && !isBlocked)
            {
                _choices.Add(entry.Target);
                _indexes.Add(i);
            }
            earlierCallback |= entry.IsCallback;
            if (entry.IsTimer)
            {
                earliestDeadline = Math.Min(earliestDeadline, entry.Deadline);
            }
        }
    }

    private void PutBack(ReadyQueue ready)
    {
        Note(ready, loop);
        int pushed = ready.Count;
        foreach (var entry in _batch)
        {
            ready.Push(entry.Target, entry.Source);
            _marks.Enqueue((entry.Cause, entry.Deadline));
        }
        _batch.Clear();
        for (; pushed > 0; pushed--)
        {
            ready.Push(ready.Pop(out object? source), source);
            _marks.Enqueue(_marks.Dequeue());
        }
    }
}
