namespace AsyncioSharp;

/// <summary>
/// The loop's time in seconds, over a <see cref="TimeProvider"/>. Reading the system's exact clock costs more than a whole turn of the loop, so
/// while timers wait a coarse one is asked first, at a quarter of that: as long as it shows that the first deadline cannot have come, the
/// exact one is left alone. A timer is never late by it. Clocks of other providers, such as virtual ones, are always asked.
/// </summary>
internal sealed class LoopClock(TimeProvider provider)
{
    private const int CoarseMilliseconds = 20;    // the coarse clock is never further behind than this; 16 at most are documented
    private const int LongestQuiet = 1000;        // milliseconds; so that two clocks which drift apart cannot get far

    private readonly double _ticksPerSecond = provider.TimestampFrequency;
    private readonly bool _hasCoarseClock = ReferenceEquals(provider, TimeProvider.System);
    private long _looked;                         // the coarse time just before the exact clock was read last
    private long _quietUntil = long.MinValue;     // the coarse time before which no deadline of _quietFor or later can have come
    private double _quietFor;

    /// <summary>The provider's resolution.</summary>
    internal double SecondsPerTick { get; } = 1.0 / provider.TimestampFrequency;

#pragma warning disable RS0030 // this is the loop's time
    /// <summary>Milliseconds of real time since some moment, of a clock that is read quickly and ticks every few of them.</summary>
    internal static long Coarse => Environment.TickCount64;
#pragma warning restore RS0030

    // Divided, as CPython does, and not multiplied by SecondsPerTick, which is rounded: 60 s of a virtual clock would be 60.00000000000001.
    internal double Now => provider.GetTimestamp() / _ticksPerSecond;

    /// <summary>False if <paramref name="deadline"/> cannot have come; true if the exact clock has to tell.</summary>
    internal bool MayReach(double deadline)
    {
        if (!_hasCoarseClock)
        {
            return true;
        }
        _looked = Coarse;
        return IsUnsure(_looked, deadline);
    }

    /// <summary>True if the time has reached <paramref name="deadline"/>; of one that is far from it, the coarse clock tells.</summary>
    internal bool HasCome(double deadline) => (!_hasCoarseClock || IsUnsure(Coarse, deadline)) && deadline <= Now;

    /// <summary>Called after <see cref="MayReach"/> and then <see cref="Now"/>: says which deadline is now the first.</summary>
    internal void NoteFirst(double deadline, double now)
    {
        _quietFor = deadline;
        _quietUntil = _looked + (long)Math.Min((deadline - now) * 1000, LongestQuiet) - CoarseMilliseconds;
    }

    // True if the coarse time does not rule out that the deadline has come.
    private bool IsUnsure(long coarse, double deadline) => coarse >= _quietUntil || deadline < _quietFor;
}
