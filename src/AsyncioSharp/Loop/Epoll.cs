using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AsyncioSharp;

/// <summary>
/// Linux's <c>epoll</c>, as far as a loop needs it: descriptors are added once, tell of each change (edge-triggered) with their number, and leave by being closed.
/// One more descriptor ends a wait from another thread. .NET has no public way to wait for thousands of sockets on a thread of one's own.
/// </summary>
internal sealed partial class Epoll : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int Add = 1;
    private const int Modify = 3;
    private const int AlreadyThere = 17;
    private const int Interrupted = 4; // by a signal
    private const int MostEvents = 256;
    private const ulong OfWake = ulong.MaxValue;

    // The kernel packs its structure on x86, and nowhere else: there the number begins after four bytes.
    private static readonly bool s_isPacked = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86;
    private static readonly int s_size = s_isPacked ? 12 : 16;
    private static readonly int s_numberAt = s_isPacked ? 4 : 8;

    private readonly SafeFileHandle _epoll = Owned(CreateEpoll(CloseOnExec));
    private readonly SafeFileHandle _wake = Owned(CreateEventDescriptor(0, CloseOnExec | NonBlocking));
    private readonly byte[] _events = GC.AllocateArray<byte>(MostEvents * s_size, pinned: true);

    internal Epoll() => TryWatch(_wake, Event.Readable, OfWake, isKnown: false);

    [Flags]
    internal enum Event : uint
    {
        Readable = 1,
        Urgent = 2,
        Writable = 4,
        Failed = 8,
        Ended = 0x10,             // in both directions
        EndedByOther = 0x2000,    // the other side sends no more
        OnlyChanges = 0x80000000, // edge-triggered
    }

    /// <summary>
    /// Has a descriptor tell from now on when it becomes readable or writable. How it stands now is told too. False if it does so already, unless
    /// <paramref name="isKnown"/>.
    /// </summary>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    internal bool TryWatch(SafeHandle descriptor, bool isKnown)
        => TryWatch(descriptor, Event.Readable | Event.Urgent | Event.Writable | Event.EndedByOther, (ulong)descriptor.DangerousGetHandle(), isKnown);

    /// <summary>Waits; says how many descriptors have something to tell, 0 if a signal or <see cref="Wake"/> has ended it, or the time.</summary>
    /// <param name="milliseconds">At most; 0 only looks, -1 is for ever.</param>
    internal int Wait(int milliseconds)
    {
        int count = WaitForEvents(_epoll, _events, MostEvents, milliseconds);
        return count >= 0 ? count : Marshal.GetLastPInvokeError() == Interrupted ? 0 : throw LastError();
    }

    /// <summary>What was found at <paramref name="index"/>; false for the end of a wait.</summary>
    internal bool TryGet(int index, out int descriptor, out Event events)
    {
        ref byte start = ref _events[index * s_size];
        events = Unsafe.ReadUnaligned<Event>(ref start);
        ulong number = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, s_numberAt));
        descriptor = (int)number;
        return number != OfWake;
    }

    /// <summary>Ends the wait, or the next one. For any thread.</summary>
    internal void Wake()
    {
        try
        {
            _ = Write(_wake, 1, sizeof(ulong)); // fails only if it has been called already, 2^64 times
        }
        catch (ObjectDisposedException)
        {
            // Closed meanwhile: nobody waits.
        }
    }

    public void Dispose()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }

    private bool TryWatch(SafeHandle descriptor, Event events, ulong number, bool isKnown)
    {
        Span<byte> description = stackalloc byte[16];
        ref byte start = ref MemoryMarshal.GetReference(description);
        Unsafe.WriteUnaligned(ref start, events | Event.OnlyChanges);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref start, s_numberAt), number);
        if (Control(_epoll, Add, descriptor, description) == 0)
        {
            return true;
        }
        if (Marshal.GetLastPInvokeError() != AlreadyThere)
        {
            throw LastError();
        }
        if (isKnown && Control(_epoll, Modify, descriptor, description) != 0)
        {
            throw LastError();
        }
        return isKnown;
    }

    private static SafeFileHandle Owned(int descriptor) => descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw LastError();

    private static IOException LastError() => new($"The event loop cannot wait for sockets: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CreateEpoll(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(SafeFileHandle epoll, int operation, SafeHandle descriptor, Span<byte> description);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int WaitForEvents(SafeFileHandle epoll, byte[] events, int most, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CreateEventDescriptor(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "write")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Write(SafeFileHandle descriptor, in ulong value, nint size);
}
