using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Synchronization;

namespace AsyncioSharp.Tests.Combinators;

/// <summary><c>Asyncio.StaggeredRace</c>: who begins when, who wins, and what becomes of the others.</summary>
public class StaggeredRaceTests
{
    private const string Rows = "test_staggered.py::StaggeredTests.";

    [Fact]
    [CPython(Rows + "test_empty")]
    public void Of_none_none_wins()
    {
        var result = VirtualTimeLoop.Run(Asyncio.StaggeredRace<string>([], delay: null));
        result.Winner.ShouldBeNull();
        result.WinnerIndex.ShouldBeNull();
        result.Exceptions.ShouldBeEmpty();
    }

    [Fact]
    [CPython(Rows + "test_one_successful")]
    public void If_the_first_succeeds_the_second_does_not_begin()
    {
        int begun = 0;
        var (winner, index, exceptions) = VirtualTimeLoop.Run(Asyncio.StaggeredRace<string>([() => Return(0), () => Return(1)], delay: null));
        (winner, index).ShouldBe(("Res: 0", 0));
        exceptions.ShouldBe([null]);
        begun.ShouldBe(1);

        async Coroutine<string> Return(int i)
        {
            begun++;
            return $"Res: {i}";
        }
    }

    [Fact]
    [CPython(Rows + "test_first_error_second_successful")]
    public void If_the_first_fails_the_second_begins_at_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failure = new FormatException();
            var (winner, index, exceptions) = await Asyncio.StaggeredRace<string>([() => Fails(1, failure), () => Asyncio.Sleep(1, "second")], delay: 100);
            (winner, index).ShouldBe(("second", 1));
            exceptions.ShouldBe([failure, null]);
            Asyncio.GetRunningLoop().Time.ShouldBe(2, 1e-9);
        }
    }

    [Fact]
    [CPython(Rows + "test_first_timeout_second_successful")]
    public void After_the_delay_the_second_begins_and_the_loser_is_cancelled_and_awaited()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool cleanedUp = false;
            var (winner, index, exceptions) = await Asyncio.StaggeredRace<string>([Slow, () => Asyncio.Sleep(1, "second")], TimeSpan.FromSeconds(2));
            (winner, index).ShouldBe(("second", 1));
            exceptions.Count.ShouldBe(2);
            exceptions[0].ShouldBeOfType<CancelledException>();
            exceptions[1].ShouldBeNull();
            cleanedUp.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(8, 1e-9); // 2 + 1, and 5 for the loser's end
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            Asyncio.AllTasks().ShouldBe([CoroutineTask.Current]);

            async Coroutine<string> Slow()
            {
                try
                {
                    return await Asyncio.Sleep(3600, "first");
                }
                finally
                {
                    await Asyncio.Sleep(5);
                    cleanedUp = true;
                }
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_none_successful")]
    public void If_all_fail_none_wins_and_every_failure_is_told()
    {
        var failures = new Exception[] { new FormatException(), new InvalidTimeZoneException() };
        var (winner, index, exceptions) = VirtualTimeLoop.Run(Asyncio.StaggeredRace<string>([() => Fails(1, failures[0]), () => Fails(1, failures[1])], delay: null));
        winner.ShouldBeNull();
        index.ShouldBeNull();
        exceptions.ShouldBe(failures);
    }

    [Fact]
    public void Two_that_succeed_together_have_one_winner()
    {
        var (winner, index, exceptions) = VirtualTimeLoop.Run(Asyncio.StaggeredRace<string>([() => Asyncio.Sleep(2, "first"), () => Stubborn()], delay: 1));
        (winner, index).ShouldBe(("first", 0));
        exceptions.ShouldBe([null, null]); // the second answered its cancellation with a result

        static async Coroutine<string> Stubborn()
        {
            try
            {
                return await Asyncio.Sleep(100, "second");
            }
            catch (CancelledException)
            {
                return "all the same";
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void What_the_sequence_of_functions_throws_is_thrown_as_it_is_when_those_that_have_begun_have_ended(int begun)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            int ended = 0;
            var failure = await OnLoop.Failure<FormatException>(Asyncio.StaggeredRace(Functions(), 1));
            failure.Message.ShouldBe("no more addresses");
            failure.StackTrace.ShouldNotBeNull().ShouldContain("Functions");
            ended.ShouldBe(begun);

            IEnumerable<Func<Coroutine<int>>> Functions()
            {
                for (int i = 0; i < begun; i++)
                {
                    yield return Long;
                }
                throw new FormatException("no more addresses");
            }

            async Coroutine<int> Long()
            {
                try
                {
                    return await Asyncio.Sleep(100, 1);
                }
                finally
                {
                    await Asyncio.Sleep(3);
                    ended++;
                }
            }
        }
    }

    [Fact]
    public void In_ten_thousand_schedules_there_is_one_winner_everybody_has_ended_and_no_failure_is_lost()
        => ExplorationTests.Explore(async random =>
        {
            int running = 0;
            int begun = 0;
            var race = Asyncio.CreateTask(Asyncio.StaggeredRace(Enumerable.Range(0, 4).Select(index => (Func<Coroutine<int>>)(() => Run(index))), random.Next(3)), name: "race");
            await Asyncio.Wait(race);
            ExplorationTests.Check(running == 0, "the race was left before its coroutines");
            if (!race.IsCancelled)
            {
                var result = race.Result();
                ExplorationTests.Check(result.WinnerIndex is null || result.Winner == result.WinnerIndex, $"{result.Winner} is not the result of {result.WinnerIndex}");
                ExplorationTests.Check(result.Exceptions.Count >= begun, "somebody began and is not told of");
                ExplorationTests.Check(result.WinnerIndex is not null || result.Exceptions.All(failure => failure is not null), "a failure was lost");
            }

            async Coroutine<int> Run(int index)
            {
                begun++;
                running++;
                try
                {
                    await Asyncio.Sleep(random.Next(3));
                    if (random.Next(2) == 0)
                    {
                        throw new FormatException();
                    }
                    return index;
                }
                finally
                {
                    try
                    {
                        await OnLoop.Turns(random.Next(2));
                    }
                    finally
                    {
                        running--;
                    }
                }
            }
        });

    [Fact]
    public void Cancelling_the_waiting_task_cancels_all_that_have_begun()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int begun = 0;
            int cancelled = 0;
            var race = Asyncio.CreateTask(Asyncio.StaggeredRace<int>([Body, Body, Body], delay: 1));
            await Asyncio.Sleep(1.5);
            race.Cancel("outside");
            (await OnLoop.Failure<CancelledException>(race)).CancelMessage.ShouldBe("outside");
            (begun, cancelled).ShouldBe((2, 2));

            async Coroutine<int> Body()
            {
                begun++;
                try
                {
                    return await Asyncio.Sleep(3600, 1);
                }
                catch (CancelledException)
                {
                    cancelled++;
                    throw;
                }
            }
        }
    }

    [Fact]
    public void A_race_that_is_cancelled_waits_for_those_that_clean_up()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int cleanedUp = 0;
            var race = Asyncio.CreateTask(Asyncio.StaggeredRace<int>([Body, Body], delay: 1));
            await Asyncio.Sleep(1.5);
            race.Cancel();
            await OnLoop.Failure<CancelledException>(race);
            cleanedUp.ShouldBe(2);
            Asyncio.GetRunningLoop().Time.ShouldBe(6.5, 1e-9);

            async Coroutine<int> Body()
            {
                try
                {
                    return await Asyncio.Sleep(3600, 1);
                }
                finally
                {
                    await Asyncio.Sleep(5);
                    cleanedUp++;
                }
            }
        }
    }

    private static async Coroutine<string> Fails(double seconds, Exception failure)
    {
        await Asyncio.Sleep(seconds);
        throw failure;
    }

    [Fact]
    public void Bad_arguments_are_refused_at_the_call_and_a_bad_function_has_failed()
    {
        Should.Throw<ArgumentNullException>(() => Asyncio.StaggeredRace<int>(null!, 1)).ParamName.ShouldBe("functions");
        Should.Throw<ArgumentException>(() => Asyncio.StaggeredRace<int>([], double.NaN)).ParamName.ShouldBe("delay");
        var result = VirtualTimeLoop.Run(Asyncio.StaggeredRace(Functions(), delay: null));
        result.Exceptions.Select(exception => exception!.GetType()).ShouldBe([typeof(InvalidOperationException), typeof(InvalidOperationException), typeof(FormatException)]);

        static IEnumerable<Func<Coroutine<int>>> Functions()
        {
            yield return null!; // of a lazy sequence it is known when its turn has come
            yield return () => null!;
            yield return () => throw new FormatException();
        }
    }

    [Fact]
    public void A_null_in_a_list_is_refused_at_the_call_by_its_index()
    {
        int calls = 0;
        Func<Coroutine<int>>[] functions = [Call, null!];
        IEnumerable<Func<Coroutine<int>>>[] lists = [functions, functions.ToList(), [Call, null!]];
        foreach (var list in lists)
        {
            var refusal = Should.Throw<ArgumentNullException>(() => Asyncio.StaggeredRace(list, delay: null));
            refusal.ParamName.ShouldBe("functions");
            refusal.Message.ShouldStartWith("functions[1] is null; each must be a function that makes a coroutine.");
        }
        calls.ShouldBe(0);

        Coroutine<int> Call()
        {
            calls++;
            return Asyncio.Sleep(0, 1);
        }
    }

    [Fact]
    public void An_interrupt_by_the_user_is_no_failure_of_a_racer()
    {
        int begun = 0;
        Should.Throw<KeyboardInterruptException>(() => VirtualTimeLoop.Run(Asyncio.StaggeredRace<int>([Interrupts, Interrupts], delay: null)));
        begun.ShouldBe(1);

        async Coroutine<int> Interrupts()
        {
            begun++;
            await Asyncio.Sleep(1);
            throw new KeyboardInterruptException();
        }
    }

    [Fact]
    public void One_whose_turn_comes_in_the_moment_when_the_race_is_over_is_not_made()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var result = Asyncio.GetRunningLoop().CreateFuture<string>();
            var (winner, index, exceptions) = await Asyncio.StaggeredRace(Functions(), delay: 1);
            (winner, index).ShouldBe(("winner", 0));
            exceptions.ShouldBe([null, null]);

            IEnumerable<Func<Coroutine<string>>> Functions()
            {
                yield return First;
                result.SetResult("winner"); // the first goes on before the second begins
                yield return () => throw new InvalidOperationException("it was made");
            }

            async Coroutine<string> First() => await result;
        }
    }
}
