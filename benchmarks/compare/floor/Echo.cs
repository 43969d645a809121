// The least that an echo server costs: callbacks on one epoll set, no coroutines. Linux on x64.
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace FloorBench;

public static unsafe class Echo
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct Event { public uint Events; public int Fd; public int Pad; }
    [DllImport("libc")] private static extern int epoll_create1(int flags);
    [DllImport("libc")] private static extern int epoll_ctl(int ep, int op, int fd, Event* e);
    [DllImport("libc")] private static extern int epoll_wait(int ep, Event* e, int max, int ms);
    [DllImport("libc")] private static extern int accept4(int fd, void* a, void* l, int flags);
    [DllImport("libc"), SuppressGCTransition] private static extern nint recv(int fd, byte* b, nint n, int flags);
    [DllImport("libc"), SuppressGCTransition] private static extern nint send(int fd, byte* b, nint n, int flags);

    public static int Serve()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(128);
        Console.WriteLine($"LISTENING {((IPEndPoint)listener.LocalEndPoint!).Port}");
        int listening = (int)listener.Handle, ep = epoll_create1(0);
        Watch(listening);
        var events = stackalloc Event[256];
        byte* buffer = stackalloc byte[4096];
        while (true)
        {
            int n = epoll_wait(ep, events, 256, -1);
            for (int i = 0; i < n; i++)
            {
                int fd = events[i].Fd;
                if (fd == listening) Watch(accept4(fd, null, null, 0x800));
                else if (recv(fd, buffer, 4096, 0) is > 0 and var count) send(fd, buffer, count, 0x4000);
                else epoll_ctl(ep, 2, fd, events);
            }
        }

        void Watch(int fd)
        {
            var e = new Event { Events = 1, Fd = fd };
            epoll_ctl(ep, 1, fd, &e);
        }
    }
}
