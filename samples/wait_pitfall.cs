// Waiting primitives, Wait given a coroutine: it makes a task of it, and the task is in the sets, not the coroutine. Make the task yourself.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine<int> Foo()
{
    return 42;
}

async Coroutine Pitfall()
{
    var coro = Foo();
#pragma warning disable CS0618 // Passing coroutines is obsolete, for the reason that is shown here.
    var (done, _) = await Asyncio.Wait([coro]);
#pragma warning restore CS0618

    // "done.Contains(coro)" would not even compile: the set holds futures. In a set of awaitables, it is not there.
    if (done.ToHashSet<IAwaitable>().Contains(coro))
        Console.WriteLine("This branch will never be run!");
    else
        Console.WriteLine("the coroutine is not in done");
}

async Coroutine Fix()
{
    var task = Asyncio.CreateTask(Foo());
    var (done, _) = await Asyncio.Wait([task]);

    if (done.Contains(task))
        Console.WriteLine($"the task is in done: {task.Result()}"); // Everything works as expected now.
}

async Coroutine Main()
{
    await Pitfall();
    await Fix();
}

Asyncio.Run(Main());
