using System.Net;
using System.Net.Sockets;
using System.Reflection;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>Makes arguments that are good, for tests that call every method with one that is not.</summary>
internal static class SampleArguments
{
    internal static Type Close(Type open) => open.MakeGenericType([.. open.GetGenericArguments().Select(ArgumentFor)]);

    internal static MethodInfo Close(MethodInfo open) => open.MakeGenericMethod([.. open.GetGenericArguments().Select(ArgumentFor)]);

    /// <summary>A value of <paramref name="type"/>; null if none is known.</summary>
    internal static object? For(Type type)
    {
        if (type == typeof(string))
        {
            return "17"; // a name, and a schedule
        }
        if (type == typeof(EventLoop))
        {
            return Asyncio.GetRunningLoop();
        }
        if (type == typeof(SynchronizationContext))
        {
            return new SynchronizationContext();
        }
        if (type == typeof(Socket))
        {
            return new Socket(SocketType.Stream, ProtocolType.Tcp);
        }
        if (type == typeof(EndPoint))
        {
            return new IPEndPoint(IPAddress.Loopback, 1);
        }
        if (type == typeof(Coroutine))
        {
            return Nothing();
        }
        if (type == typeof(Coroutine<int>) || type == typeof(IAwaitable<int>) || type == typeof(IAwaitable))
        {
            return Number();
        }
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return Function(type);
        }
        if (type.IsArray)
        {
            return Array.CreateInstance(type.GetElementType()!, 0);
        }
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IEnumerable<>))
        {
            var element = type.GetGenericArguments()[0];
            object? sample = For(element);
            var list = Array.CreateInstance(element, sample is null ? 0 : 1);
            if (sample is not null)
            {
                list.SetValue(sample, 0);
            }
            return list;
        }
        return Made(type) ?? (type.IsValueType ? Activator.CreateInstance(type) : null);
    }

    private static object? Made(Type type)
    {
        var loop = Asyncio.GetRunningLoop();
        Func<object>[] makers =
        [
            loop.CreateFuture<int>, () => Asyncio.CreateTask(Number()), () => Asyncio.CreateTask(Nothing()), Context.Copy,
            static () => new Runner(), static () => new TaskGroup(), static () => new CancelScope(), static () => Asyncio.Timeout(1),
            static () => new AsyncCondition(), static () => new ConcurrentFuture<int>(), static () => new ThreadPoolExecutor(), static () => new ContextVar<int>("name"),
            static () => new SocketStream(new Socket(SocketType.Stream, ProtocolType.Tcp)),
        ];
        foreach (var make in makers)
        {
            object made = make();
            if (type.IsInstanceOfType(made))
            {
                return made;
            }
        }
        return null;
    }

    private static Delegate Function(Type type)
    {
        var invoke = type.GetMethod("Invoke")!;
        var parameters = invoke.GetParameters().Select(static p => System.Linq.Expressions.Expression.Parameter(p.ParameterType)).ToArray();
        return System.Linq.Expressions.Expression.Lambda(type, System.Linq.Expressions.Expression.Default(invoke.ReturnType), parameters).Compile();
    }

    private static Type ArgumentFor(Type parameter) => parameter.GetGenericParameterConstraints().FirstOrDefault(static c => c.IsClass) ?? typeof(int);

    private static async Coroutine Nothing() => await Asyncio.Sleep(0);

    private static async Coroutine<int> Number()
    {
        await Asyncio.Sleep(0);
        return 1;
    }
}
