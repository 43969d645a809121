using System.Numerics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The tasks of a loop that its ready queue need not hold, in a row of chunks. Each knows its place. A task that ends leaves a hole. Holes behind the last task are handed
/// out again; when the table is full the others are closed if they are half of it, and else there is more room. So adding and removing cost a few
/// instructions each, and removing touches no other task.
/// </summary>
/// <remarks>
/// A task is added when it waits for something, at the latest when its second step has not ended it: until then the loop's ready queue holds it. To be spared
/// the table is worth a seventh of a task that ends in its first step, and a tenth of one that ends in its second, as those do that give others their turn once.
/// <see cref="EventLoop.LiveTasks"/> finds them.
/// </remarks>
internal sealed class TaskTable
{
    private const int Smallest = 64;
    private const int ChunkBits = 14;
    private const int ChunkLength = 1 << ChunkBits; // so large that the collector does not move it

    private Slot[][] _chunks = [new Slot[Smallest]]; // a first one that is smaller than others is the only one
    private int _room = Smallest;
    private int _used;     // slots that were handed out since the holes were closed last
    private int _holes;    // of these, the slots of tasks that have ended

    // An array of a class would check the type of what is stored in it, for a tenth of the cost of a short task.
    private struct Slot
    {
        public CoroutineTask? Task;
    }

    /// <summary>How many places there are, taken or not.</summary>
    internal int Room => _room;

    internal void Add(CoroutineTask task)
    {
        if (_used == _room)
        {
            MakeRoom();
        }
        At(_used++) = task;
        task.Place = _used;
    }

    /// <summary>Takes out a task that ends, if it was added.</summary>
    internal void Remove(CoroutineTask task)
    {
        if (task.Place == 0)
        {
            return;
        }
        At(task.Place - 1) = null;
        _holes++;
        if (task.Place == _used)
        {
            GiveBack();
        }
    }

    /// <summary>The tasks, in the order in which they were added.</summary>
    internal List<CoroutineTask> List()
    {
        // Another thread may look too. It sees each task that was there before it looked and is there afterwards: tasks are moved down only, and stand in their new place before
        // they leave the old one; so who looks from the end may see one twice, but misses none.
        int left = Volatile.Read(ref _used);
        var chunks = Volatile.Read(ref _chunks);
        var tasks = new List<CoroutineTask>(left);
        for (int i = Math.Min(left, chunks.Length << ChunkBits) - 1; i >= 0; i--)
        {
            var chunk = chunks[i >> ChunkBits];
            int place = i & (ChunkLength - 1);
            if (place < chunk.Length && Volatile.Read(ref chunk[place].Task) is { } task)
            {
                tasks.Add(task);
            }
        }
        tasks.Reverse();
        return tasks;
    }

    /// <summary>Gives back the room of very many tasks that have ended.</summary>
    internal void Trim()
    {
        if (_room > ChunkLength && (_used - _holes) * 8 < _room)
        {
            CloseHoles();
            Resize(Math.Max(_used * 2, ChunkLength));
        }
    }

    private ref CoroutineTask? At(int slot) => ref _chunks[slot >> ChunkBits][slot & (ChunkLength - 1)].Task;

    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
    private void MakeRoom()
    {
        if (_holes * 2 >= _used)
        {
            CloseHoles(); // paid for by the tasks that have ended
            Resize(Math.Max(_used * 2, Smallest));
        }
        else
        {
            Resize(_room + Math.Min(_room, ChunkLength));
        }
    }

    // The last slots are those of tasks that have ended: they are handed out again. So thousands that end in the order of their creation, or none but the
    // latest, take the same slots as those before them, and no holes have to be closed.
    private void GiveBack()
    {
        int used = _used;
        while (used > 0 && At(used - 1) is null)
        {
            used--;
        }
        _holes -= _used - used;
        _used = used;
    }

    private void Resize(int room)
    {
        int length = (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)room), ChunkLength);
        int count = (room + length - 1) / length;
        if (count == _chunks.Length && length == _chunks[0].Length)
        {
            return;
        }
        var chunks = new Slot[count][];
        for (int i = 0; i < chunks.Length; i++)
        {
            chunks[i] = i < _chunks.Length ? _chunks[i] : new Slot[length];
        }
        Array.Resize(ref chunks[0], length);
        _chunks = chunks; // another thread may look: it must see no chunk that is not there
        _room = chunks.Length * length;
    }

    private void CloseHoles()
    {
        int kept = 0;
        for (int i = 0; i < _used; i++)
        {
            if (At(i) is { } task)
            {
                if (kept < i)
                {
                    Volatile.Write(ref At(kept), task);
                    Volatile.Write(ref At(i), null);
                }
                task.Place = ++kept;
            }
        }
        _used = kept;
        _holes = 0;
    }
}
