using System.Linq.Expressions;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Checks.Support;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Coroutines;

/// <summary>What is called is what is told: every coroutine of the library bears the name of the public function that made it, and no line of the library's own source.</summary>
public class PublicNameTests
{
    private static readonly CancellationTokenSource s_source = new();
    private static readonly Socket s_socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    [Fact]
    public void Every_public_function_that_gives_a_coroutine_gives_it_its_name()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var methods = PublicMembers.Types(typeof(Asyncio).Assembly)
                .Where(type => !typeof(Coroutine).IsAssignableFrom(type))
                .SelectMany(type => PublicMembers.Of(Closed(type)))
                .OfType<MethodInfo>()
                .Where(method => method is { IsPublic: true, IsAbstract: false } && typeof(Coroutine).IsAssignableFrom(method.ReturnType)
                    && method.Name != nameof(Asyncio.Coroutine) // whose coroutines are the caller's own methods
                    && !method.GetParameters().Any(parameter => parameter.ParameterType.IsByRefLike))
                .ToList();
            methods.Count.ShouldBeGreaterThan(50);
            var wrong = new List<string>();
            foreach (var method in methods)
            {
                foreach (bool zero in new[] { false, true })
                {
                    string expected = NameOf(method);
                    var coroutine = Call(method, zero);
                    if (coroutine.QualifiedName.Replace(".AsyncEnumerator", "", StringComparison.Ordinal) != expected)
                    {
                        wrong.Add($"{method}: {coroutine.QualifiedName}, not {expected}");
                    }
                    string name = coroutine.QualifiedName;
                    var task = Asyncio.CreateTask(coroutine); // which makes one of its own for a shared coroutine
                    string text = task.ToString();
                    if (task.Coroutine.QualifiedName != name || text.Contains(" at ") || text.Contains(".cs"))
                    {
                        wrong.Add($"{method}, as a task: {text}");
                    }
                    task.Cancel();
                    await Asyncio.Wait([task]);
                    text = task.ToString();
                    if (text.Contains(".cs:"))
                    {
                        wrong.Add($"{method}, when it has ended: {text}");
                    }
                    _ = task.IsCancelled ? null : task.Exception();
                }
            }
            string.Join('\n', wrong.Distinct()).ShouldBeEmpty();
        }
    }

    [Fact]
    public void An_item_of_AsCompleted_and_the_tasks_of_a_staggered_race_bear_its_name()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            foreach (var item in Asyncio.AsCompleted([Asyncio.Sleep(1, 1)]))
            {
                item.QualifiedName.ShouldBe("Asyncio.AsCompleted");
                await item;
            }
            foreach (var item in Asyncio.AsCompleted([Asyncio.Sleep(1)]))
            {
                item.QualifiedName.ShouldBe("Asyncio.AsCompleted");
                await item;
            }
            var race = Asyncio.CreateTask(Asyncio.StaggeredRace([() => Asyncio.Sleep(1, 1)], 1), name: "race");
            await Asyncio.Sleep(0.5);
            Asyncio.AllTasks().Where(task => task != CoroutineTask.Current).ShouldAllBe(task => task.Coroutine.QualifiedName == "Asyncio.StaggeredRace");
            Asyncio.AllTasks().Count.ShouldBe(3);
            (await race).Winner.ShouldBe(1);
        }
    }

    [Fact]
    [Rule("INS-07")]
    public void Who_waits_for_a_future_is_told_by_what_was_called()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            (await Waiter(future => Asyncio.CreateTask(Asyncio.Wait([future])))).ShouldBe("Asyncio.Wait()");
            (await Waiter(future => Asyncio.Gather(future))).ShouldBe("Asyncio.Gather()");
            (await Waiter(future => Asyncio.Shield(future))).ShouldBe("Asyncio.Shield()");
            (await Waiter(future => Asyncio.AsCompleted([future]))).ShouldBe("Asyncio.AsCompleted()");
            (await Waiter(future => future.AsTask())).ShouldBe("Future.AsTask()");
            (await Waiter(future => Asyncio.CreateTask(Asyncio.WaitFor(future, 5)))).ShouldBe("CoroutineTask.Wakeup()");

            var sent = Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(1, 1), loop);
            await Asyncio.Sleep(0);
            Asyncio.AllTasks().Single(task => task != CoroutineTask.Current && !task.ToString().Contains("Wakeup")).ToString()
                .ShouldContain("cb=[Asyncio.RunCoroutineThreadsafe()]");
            await new TaskGroup().Run(async group =>
            {
                var child = group.CreateTask(Asyncio.Sleep(1));
                child.ToString().ShouldEndWith("cb=[TaskGroup.CreateTask()]>");
                await child;
            });
            (await Asyncio.WrapFuture(sent)).ShouldBe(1);
        }

        static async Coroutine<string> Waiter(Action<Future<int>> wait)
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            wait(future);
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            string text = future.ToString();
            future.SetResult(1);
            await Asyncio.Sleep(0);
            return text["<Future pending cb=[".Length..^2];
        }
    }

    private static Type Closed(Type type) => type.IsGenericTypeDefinition ? type.MakeGenericType(typeof(int)) : type;

    // An enumerator goes by the name of what it enumerates; acquiring a condition is acquiring its lock.
    private static string NameOf(MethodInfo method)
    {
        var type = method.DeclaringType!.DeclaringType ?? method.DeclaringType;
        string name = type == typeof(AsyncCondition) && method.Name == nameof(AsyncCondition.Acquire) ? nameof(AsyncLock) : type.Name.Split('`')[0];
        return $"{name}.{method.Name}";
    }

    private static Coroutine Call(MethodInfo method, bool zero)
    {
        if (method.IsGenericMethodDefinition)
        {
            method = method.MakeGenericMethod([.. method.GetGenericArguments().Select(parameter =>
                parameter.GetGenericParameterConstraints() is [var constraint] && constraint == typeof(Future) ? typeof(Future<int>) : typeof(int))]);
        }
        object? target = method.IsStatic ? null : Example(method.DeclaringType!, zero);
        return (Coroutine)method.Invoke(target, [.. method.GetParameters().Select(parameter => Example(parameter.ParameterType, zero))])!;
    }

    private static object Example(Type type, bool zero)
    {
        var loop = Asyncio.GetRunningLoop();
        var made = new object[]
        {
            zero ? 0.0 : 1.0,
            TimeSpan.FromSeconds(zero ? 0 : 1),
            1,
            zero ? CancellationToken.None : s_source.Token,
            ReturnWhen.FirstCompleted,
            new Memory<byte>(new byte[1]),
            new ReadOnlyMemory<byte>(new byte[1]),
            new IPEndPoint(IPAddress.Loopback, 1),
            s_socket,
            loop,
            new AsyncBarrier(2),
            new AsyncCondition(),
            new AsyncEvent(),
            new AsyncLock(),
            new AsyncQueue<int>(),
            new AsyncSemaphore(),
            new CancelScope(),
            new TaskGroup(),
            Asyncio.Timeout(1),
        }.FirstOrDefault(type.IsInstanceOfType);
        if (made is not null)
        {
            return made;
        }
        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Example(value, zero);
        }
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return Function(type);
        }
        if (type.DeclaringType is { } outer && type.Name == nameof(AsCompletedIterator.AsyncEnumerator))
        {
            return outer.Name.StartsWith(nameof(AsyncQueue<>), StringComparison.Ordinal)
                ? new AsyncQueue<int>().GetAsyncEnumerator()
                : outer.IsGenericType
                    ? Asyncio.AsCompleted([loop.CreateFuture<int>()]).GetAsyncEnumerator()
                    : Asyncio.AsCompleted((IAwaitable[])[loop.CreateFuture<int>()]).GetAsyncEnumerator();
        }
        var future = loop.CreateFuture<int>();
        return new object[] { future, new[] { future }, new Func<Coroutine<int>>[] { () => Asyncio.Sleep(1, 1) }, new[] { Asyncio.Sleep(1) } }
            .FirstOrDefault(type.IsInstanceOfType)
            ?? throw new NotSupportedException($"No example of {type}.");
    }

    // Each gives what its kind asks for: a coroutine that waits, a number, true, or nothing.
    private static Delegate Function(Type type)
    {
        var invoke = type.GetMethod("Invoke")!;
        var parameters = invoke.GetParameters().Select(parameter => Expression.Parameter(parameter.ParameterType)).ToArray();
        object? result = invoke.ReturnType == typeof(Coroutine) ? Asyncio.Sleep(1)
            : invoke.ReturnType == typeof(Coroutine<int>) ? Asyncio.Sleep(1, 1)
            : invoke.ReturnType == typeof(bool) ? true
            : 1;
        var body = invoke.ReturnType == typeof(void)
            ? (Expression)Expression.Empty()
            : Expression.Constant(result, invoke.ReturnType);
        return Expression.Lambda(type, body, parameters).Compile();
    }
}
