using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The numbers by which texts tell the tasks and futures of a loop apart, whose names may be the same. One gets its number when it is first shown and keeps
/// it: two dumps can be compared, and a dump with a call graph. Until then it costs nothing. For any thread.
/// </summary>
internal sealed class FutureNumbers
{
    private static readonly ConditionalWeakTable<EventLoop, FutureNumbers> s_ofLoops = [];

    private readonly ConditionalWeakTable<Future, object> _numbers = [];
    private int _last;

    internal static int Of(Future future)
    {
        var numbers = s_ofLoops.GetValue(future.Loop, static _ => new FutureNumbers());
        lock (numbers._numbers)
        {
            return (int)numbers._numbers.GetValue(future, _ => ++numbers._last);
        }
    }
}
