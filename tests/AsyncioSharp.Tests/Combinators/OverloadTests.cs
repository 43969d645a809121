using System.ComponentModel;
using System.Reflection;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>
/// That calls written the natural way find the right overload: the declared types are the point here, so nothing is 'var'. And the
/// overloads for programs that still pass a loop.
/// </summary>
public class OverloadTests
{
    [Fact]
    [Rule("GAT-01")]
    public void Gather_infers_arrays_tuples_and_objects()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Coroutine<int> coroutine = Asyncio.Sleep(1, 1);
            CoroutineTask<int> task = Asyncio.CreateTask(Asyncio.Sleep(1, 2));
            Future<int> future = Asyncio.GetRunningLoop().CreateFuture<int>();
            future.SetResult(3);

            int[] mixedKinds = await Asyncio.Gather(coroutine, task, future);
            mixedKinds.ShouldBe([1, 2, 3]);
            int[] alike = await Asyncio.Gather(Asyncio.Sleep(1, 4), Asyncio.Sleep(1, 5));
            alike.ShouldBe([4, 5]);
            int[] one = await Asyncio.Gather(task);
            one.ShouldBe([2]);
            int[] listed = await Asyncio.Gather(new List<CoroutineTask<int>> { task });
            listed.ShouldBe([2]);
            int[] lazy = await Asyncio.Gather(Enumerable.Range(0, 3).Select(n => Asyncio.Sleep(1, n)));
            lazy.ShouldBe([0, 1, 2]);
            int[] expression = await Asyncio.Gather([task, future]);
            expression.ShouldBe([2, 3]);
            CoroutineTask<int>[] array = [task, task];
            int[] ofArray = await Asyncio.Gather(array);
            ofArray.ShouldBe([2, 2]);

            (int number, string text) = await Asyncio.Gather(task, Asyncio.Sleep(1, "text"));
            (number, text).ShouldBe((2, "text"));
            (int a, string b, bool c) = await Asyncio.Gather(future, Asyncio.Sleep(1, "b"), Asyncio.Sleep(1, true));
            (a, b, c).ShouldBe((3, "b", true));
            (int, string, int, string, int, string, double) seven = await Asyncio.Gather(
                task, Asyncio.Sleep(1, "2"), task, Asyncio.Sleep(1, "4"), task, Asyncio.Sleep(1, "6"), Asyncio.Sleep(1, 7.5));
            seven.ShouldBe((2, "2", 2, "4", 2, "6", 7.5));

            object?[] withoutValues = await Asyncio.Gather(Asyncio.Sleep(1), Asyncio.Sleep(2));
            withoutValues.ShouldBe([null, null]);
            object?[] untyped = await Asyncio.Gather(Asyncio.Sleep(1), task, Asyncio.Sleep(1, "text"));
            untyped.ShouldBe([null, 2, "text"]);
            object?[] untypedList = await Asyncio.Gather(new List<IAwaitable> { task, Asyncio.Sleep(1) });
            untypedList.ShouldBe([2, null]);
        }
    }

    [Fact]
    [Rule("GAT-04", "GAT-11")]
    public void A_tuple_of_one_object_twice_and_a_failing_tuple_behave_as_an_array()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failure = new FormatException();
            (await OnLoop.Failure<FormatException>(Asyncio.Gather(Asyncio.Sleep(2, "text"), GatherTests.Fails(1, failure)))).ShouldBeSameAs(failure);

            IFuture<(int, string)> gather = Asyncio.Gather(Asyncio.Sleep(5, 1), Asyncio.Sleep(5, "text"));
            await Asyncio.Sleep(0);
            gather.Cancel().ShouldBeTrue();
            await OnLoop.Failure<CancelledException>(gather);
        }
    }

    [Fact]
    [Rule("GAT-07")]
    public void GatherOutcomes_infers_typed_and_untyped_outcomes()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Outcome<int>[] typed = await Asyncio.GatherOutcomes(Asyncio.Sleep(1, 1), GatherTests.Fails(1, new FormatException()));
            typed[0].Value.ShouldBe(1);
            Outcome<int>[] listed = await Asyncio.GatherOutcomes(Enumerable.Range(0, 2).Select(n => Asyncio.Sleep(1, n)));
            listed[1].Value.ShouldBe(1);
            Outcome<object?>[] untyped = await Asyncio.GatherOutcomes(Asyncio.Sleep(1), Asyncio.Sleep(1, "text"), GatherTests.Fails(1, new FormatException()));
            untyped.Select(outcome => outcome.IsSuccess).ShouldBe([true, true, false]);
            untyped[1].Value.ShouldBe("text");
            Outcome<object?>[] untypedList = await Asyncio.GatherOutcomes(new List<IAwaitable> { Asyncio.Sleep(1) });
            untypedList[0].Value.ShouldBeNull();
        }
    }

    [Fact]
    [Rule("WF-01", "WF-03")]
    public void WaitFor_takes_null_seconds_and_a_time_span_typed_and_untyped()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int fromNull = await Asyncio.WaitFor(Asyncio.Sleep(1, 1), null);
            int fromInteger = await Asyncio.WaitFor(Asyncio.Sleep(1, 2), 5);
            int fromDouble = await Asyncio.WaitFor(Asyncio.Sleep(1, 3), 5.5);
            int fromSpan = await Asyncio.WaitFor(Asyncio.Sleep(1, 4), timeout: TimeSpan.FromSeconds(5));
            int fromTask = await Asyncio.WaitFor(Asyncio.CreateTask(Asyncio.Sleep(1, 5)), 5);
            (int, string) fromGather = await Asyncio.WaitFor(Asyncio.Gather(Asyncio.Sleep(1, 6), Asyncio.Sleep(1, "text")), 5);
            int[] numbers = [fromNull, fromInteger, fromDouble, fromSpan, fromTask, fromGather.Item1];
            numbers.ShouldBe([1, 2, 3, 4, 5, 6]);

            Coroutine untyped = Asyncio.WaitFor(Asyncio.Sleep(1), null);
            await untyped;
            await Asyncio.WaitFor(Asyncio.Sleep(1), 5);
            await Asyncio.WaitFor(Asyncio.CreateTask(Asyncio.Sleep(1)), TimeSpan.FromSeconds(5));
        }
    }

    [Fact]
    [Rule("WAIT-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_invalid_args", Deviation = "single futures are waited for")]
    public void Wait_keeps_the_static_type_and_takes_mixed_kinds()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask<int> typed = Asyncio.CreateTask(Asyncio.Sleep(1, 1));
            CoroutineTask untyped = Asyncio.CreateTask(Asyncio.Sleep(1));
            Future<string> future = Asyncio.GetRunningLoop().CreateFuture<string>();
            future.SetResult("text");

            (HashSet<CoroutineTask<int>> done, HashSet<CoroutineTask<int>> pending) = await Asyncio.Wait([typed]);
            (done.Single().Result(), pending.Count).ShouldBe((1, 0));
            (HashSet<CoroutineTask<int>> Done, HashSet<CoroutineTask<int>> Pending) more =
                await Asyncio.Wait(new[] { typed }, 5, ReturnWhen.FirstCompleted);
            more.Done.ShouldBe([typed]);
            (HashSet<Future> Done, HashSet<Future> Pending) mixed = await Asyncio.Wait(typed, untyped, future);
            mixed.Done.Count.ShouldBe(3);
            mixed = await Asyncio.Wait(new List<Future> { typed, future }, returnWhen: ReturnWhen.FirstException);
            mixed.Done.Count.ShouldBe(2);
            mixed = await Asyncio.Wait([typed, untyped, future], timeout: 1);
            mixed.Done.Count.ShouldBe(3);
            mixed = await Asyncio.Wait([typed, future], TimeSpan.FromSeconds(1), ReturnWhen.FirstCompleted);
            mixed.Done.Count.ShouldBe(2);
            mixed = await Asyncio.Wait([typed, future], returnWhen: ReturnWhen.FirstCompleted);
            mixed.Done.Count.ShouldBe(2);
            (HashSet<CoroutineTask> Done, HashSet<CoroutineTask> Pending) ofSet = await Asyncio.Wait(Asyncio.AllTasks(), timeout: 0);
            ofSet.Pending.Count.ShouldBe(1);
        }
    }

    [Fact]
    [Rule("AC-01", "AC-06")]
    public void AsCompleted_infers_the_value_from_what_it_iterates_over()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var tasks = new List<CoroutineTask<int>> { Asyncio.CreateTask(Asyncio.Sleep(1, 1)) };
            foreach (Coroutine<int> next in Asyncio.AsCompleted(tasks))
            {
                int value = await next;
                value.ShouldBe(1);
            }
            await foreach (IFuture<int> done in Asyncio.AsCompleted(tasks, TimeSpan.FromSeconds(1)))
            {
                done.ShouldBeSameAs(tasks[0]);
            }
            foreach (Coroutine next in Asyncio.AsCompleted(new List<IAwaitable> { tasks[0], Asyncio.Sleep(1) }))
            {
                await next;
            }
            await foreach (Future done in Asyncio.AsCompleted(new[] { Asyncio.Sleep(1) }, timeout: 5))
            {
                done.IsDone.ShouldBeTrue();
            }
        }
    }

    [Fact]
    [Rule("WAIT-03")]
    [CPython("test_tasks.py::WaitTests.test_coro_is_deprecated_in_wait")]
    public void Coroutines_given_to_Wait_are_made_tasks_which_are_in_the_sets_instead()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Coroutine coroutine = Asyncio.Sleep(1, "value");
            var (done, pending) = await Asyncio.Wait(new List<Coroutine> { coroutine, coroutine, Asyncio.Sleep(9) }, timeout: 2);
            done.ShouldHaveSingleItem().ShouldBeOfType<CoroutineTask<string>>().Coroutine.ShouldBeSameAs(coroutine);
            _ = pending.ShouldHaveSingleItem().ShouldBeOfType<CoroutineTask>();
            Should.Throw<ArgumentException>(() => Asyncio.Wait(new List<Coroutine>())).Message.ShouldContain("is empty");
        }
    }

    [Fact]
    [Rule("WAIT-03")]
    [CPython("test_tasks.py::CoroutineGatherTests.test_constructor_loop_selection")]
    [CPython("test_tasks.py::WaitTests.test_coro_is_deprecated_in_wait")]
    public void What_Python_deprecated_is_obsolete_hidden_and_works()
    {
        var deprecated = typeof(Asyncio).GetMethods()
            .Where(method => method.Name is not ("EnsureFuture" or "WrapFuture" or "RunCoroutineThreadsafe" or "CurrentTask" or "AllTasks" or "DumpTasks")
                && (method.GetParameters().Any(parameter => parameter.ParameterType == typeof(EventLoop))
                    || (method.Name == "Wait" && method.GetParameters()[0].ParameterType == typeof(IEnumerable<Coroutine>))))
            .ToList();
        deprecated.Select(method => method.Name).Distinct().ShouldBe(
            ["Sleep", "Gather", "GatherOutcomes", "Shield", "WaitFor", "Wait", "AsCompleted"], ignoreOrder: true);
        deprecated.ShouldAllBe(method => method.GetCustomAttribute<ObsoleteAttribute>()!.Message!.Contains("deprecated since Python 3.8"));
        deprecated.ShouldAllBe(method => method.GetCustomAttribute<EditorBrowsableAttribute>()!.State == EditorBrowsableState.Never);

        // On a loop that does not run yet.
        var loop = VirtualTimeLoop.Create();
        loop.RunUntilComplete(Asyncio.Gather([Asyncio.Sleep(1, 1), Asyncio.Sleep(2, 2)], loop)).ShouldBe([1, 2]);
        loop.RunUntilComplete(Asyncio.GatherOutcomes([Asyncio.Sleep(1, 1)], loop))[0].Value.ShouldBe(1);
        loop.RunUntilComplete(Asyncio.Shield(Asyncio.Sleep(1, 1), loop)).ShouldBe(1);
        loop.RunUntilComplete(Asyncio.WaitFor(Asyncio.Sleep(1, 1), 5, loop)).ShouldBe(1);
        loop.RunUntilComplete(Asyncio.Wait([loop.CreateTask(Asyncio.Sleep(1, 1))], loop)).Done.Count.ShouldBe(1);
        loop.RunUntilComplete(Asyncio.AsCompleted([Asyncio.Sleep(1, 1)], loop).Single()).ShouldBe(1);
        loop.RunUntilComplete(Asyncio.Sleep(1, loop));
        loop.Close();
    }

    [Fact]
    [Rule("SLP-01")]
    public void A_deprecated_loop_argument_that_is_not_the_running_loop_is_refused()
    {
        var other = VirtualTimeLoop.Create();
        VirtualTimeLoop.Run(Main());
        other.Close();

        async Coroutine Main()
        {
            (await OnLoop.Failure<InvalidOperationException>(Asyncio.Sleep(1, other))).Message.ShouldContain("leave the loop parameter out");
            (await OnLoop.Failure<InvalidOperationException>(Asyncio.Sleep(1, "result", other))).Message.ShouldContain("leave the loop parameter out");
            (await Asyncio.Sleep(1, "result", Asyncio.GetRunningLoop())).ShouldBe("result");
            Should.Throw<ArgumentException>(() => Asyncio.Gather([Asyncio.CreateTask(Asyncio.Sleep(1, 1))], other)).Message.ShouldContain("different loop");
        }
    }

    [Fact]
    public void A_future_of_another_loop_is_refused_in_the_callers_words()
    {
        var other = VirtualTimeLoop.Create();
        VirtualTimeLoop.Run(Main());
        other.Close();

        async Coroutine Main()
        {
            var stranger = other.CreateFuture<int>();
            var own = Asyncio.GetRunningLoop().CreateFuture<int>();
            (await OnLoop.Failure<ArgumentException>(Asyncio.WaitFor(stranger, 1))).ShouldSatisfyAllConditions(
                static e => e.ParamName.ShouldBe("awaitable"), static e => e.Message.ShouldStartWith("The future belongs to a different loop than the one that runs here"));
            Should.Throw<ArgumentException>(() => Asyncio.AsCompleted([stranger])).ShouldSatisfyAllConditions(
                static e => e.ParamName.ShouldBe("awaitables"), static e => e.Message.ShouldContain("the one that runs here"));
            Should.Throw<ArgumentException>(() => Asyncio.Gather(own, stranger)).ShouldSatisfyAllConditions(
                static e => e.ParamName.ShouldBe("awaitables"), static e => e.Message.ShouldContain("those before it"), static e => e.Message.ShouldContain("<Future pending"));
            Should.Throw<ArgumentException>(() => Asyncio.Wait([own, stranger])).Message.ShouldContain("those before it");
            Should.Throw<ArgumentException>(() => Asyncio.EnsureFuture(stranger, own.Loop)).ParamName.ShouldBe("loop");
        }
    }

    [Fact]
    public void An_empty_place_among_several_is_told_by_its_index_before_any_task_is_made()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await Asyncio.Sleep(0);
            Coroutine<int>?[] awaitables = [Asyncio.Sleep(1, 1), null];
            foreach (Action give in new Action[]
            {
                () => Asyncio.Gather(awaitables!),
                () => Asyncio.GatherOutcomes(awaitables!),
                () => Asyncio.AsCompleted(awaitables!),
            })
            {
                var refused = Should.Throw<ArgumentNullException>(give);
                refused.ParamName.ShouldBe("awaitables");
                refused.Message.ShouldStartWith("awaitables[1] is null");
            }
            Should.Throw<ArgumentNullException>(() => Asyncio.Wait([Asyncio.CurrentTask()!, null!])).Message.ShouldStartWith("futures[1] is null");
            Asyncio.AllTasks().Count.ShouldBe(1);
            awaitables[0]!.Close();
        }
    }

    [Fact]
    public void The_infinite_time_of_dotnet_is_for_ever()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var forEver = System.Threading.Timeout.InfiniteTimeSpan;
            (await Asyncio.WaitFor(Asyncio.Sleep(1, 5), forEver)).ShouldBe(5);
            await Asyncio.WaitFor((IAwaitable)Asyncio.Sleep(1), forEver);
            var (done, pending) = await Asyncio.Wait([Asyncio.CreateTask(Asyncio.Sleep(1))], forEver);
            (done.Count, pending.Count).ShouldBe((1, 0));
            await foreach (var task in Asyncio.AsCompleted([Asyncio.Sleep(1, 6)], forEver))
            {
                (await task).ShouldBe(6);
            }
            var sleep = Asyncio.CreateTask(Asyncio.Sleep(forEver));
            Asyncio.GetRunningLoop().CallLater(forEver, static () => throw new InvalidOperationException("now"));
            await Asyncio.Sleep(1e6);
            sleep.IsDone.ShouldBeFalse();
            sleep.Cancel();
        }
    }
}
