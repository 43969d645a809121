using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Code that replaces the current synchronization context on the loop's thread, and does not put it back, concerns nobody else.</summary>
public class ReplacedContextTests
{
    /// <summary>Who replaces it.</summary>
    public enum Form
    {
        Callback,
        Coroutine,
        CoroutineThatAwaitsTasks,
        Method,
    }

    public static TheoryData<Form> Forms => [.. Enum.GetValues<Form>()];

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_methods_of_other_tasks_still_belong_to_them(Form form)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            int thread = Environment.CurrentManagedThreadId;
            var other = Asyncio.CreateTask(Other(thread), name: "other");
            var methodsAlone = Asyncio.CreateTask(MethodsAlone(thread));
            await Asyncio.Sleep(1);
            switch (form)
            {
                case Form.Callback:
                    Asyncio.GetRunningLoop().CallSoon(Replace);
                    break;
                case Form.Coroutine:
                    _ = Asyncio.CreateTask(Replacing());
                    break;
                case Form.CoroutineThatAwaitsTasks:
                    _ = Asyncio.CreateTask(ReplacingAmongTasks());
                    break;
                default:
                    await ReplacingMethod();
                    break;
            }
            await Asyncio.Gather(other, methodsAlone);
        }

        static async Coroutine Other(int thread)
        {
            for (int i = 0; i < 4; i++)
            {
                await Asyncio.Sleep(0.5);
                await Method(thread, "other");
                await Task.Yield();
                SynchronizationContext.Current.ShouldNotBeNull();
            }
        }

        static async Coroutine MethodsAlone(int thread)
        {
            for (int i = 0; i < 4; i++)
            {
                await Asyncio.Sleep(0.5);
                var method = Method(thread, null); // this coroutine awaits nothing of .NET's
                while (!method.IsCompleted)
                {
                    await Asyncio.Sleep(0.1);
                }
                method.GetAwaiter().GetResult();
            }
        }

        static async Task Method(int thread, string? name)
        {
            await Asyncio.Sleep(0.01);
            await Asyncio.Sleep(0.01);
            Environment.CurrentManagedThreadId.ShouldBe(thread);
            if (name is not null)
            {
                Asyncio.CurrentTask()!.Name.ShouldBe(name);
            }
        }

        static void Replace() => SynchronizationContext.SetSynchronizationContext(null);

        static async Coroutine Replacing()
        {
            Replace();
            await Asyncio.Sleep(0.1);
        }

        static async Coroutine ReplacingAmongTasks()
        {
            await Task.Yield();
            Replace();
            await Task.Yield();
        }

        static async Task ReplacingMethod()
        {
            await Asyncio.Sleep(0.1);
            Replace();
        }
    }
}
