using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Interop;

/// <summary>A coroutine that cannot notice a cancellation, awaited by a method of .NET, which takes the outcome from the coroutine itself.</summary>
public class UnseenBelowMethodTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_method_sees_the_cancellation_of_what_a_coroutine_below_it_waits_for(bool isOfTask)
    {
        VirtualTimeLoop.Run(Test(isOfTask));

        static async Coroutine Test(bool isOfTask)
        {
            var loop = Asyncio.GetRunningLoop();
            var future = loop.CreateFuture<int>();
            Task<CancelledException>? method = null;
            loop.CallSoon(() => method = isOfTask ? null : Method());
            var task = isOfTask ? Asyncio.CreateTask(Caller()) : null;
            await Asyncio.Sleep(1);
            future.Cancel();
            var seen = task is null ? await method! : await task;
            seen.ShouldBeSameAs(Should.Throw<CancelledException>(() => future.Result()));
            seen.StackTrace.ShouldNotBeNull().ShouldContain(nameof(Below));

            async Coroutine<CancelledException> Caller() => await Method();

            async Task<CancelledException> Method()
            {
                try
                {
                    await Below();
                }
                catch (CancelledException e)
                {
                    return e;
                }
                throw new InvalidOperationException("no cancellation came");
            }

            async Coroutine<int> Below() => await future;
        }
    }
}
