using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Running;

/// <summary>Ctrl-C during <c>Asyncio.Run</c>: real signals to child processes, which run one of <see cref="InterruptPrograms"/>.</summary>
public class KeyboardInterruptTests
{
    [Fact, Rule("ARUN-11")]
    public async Task The_first_cancels_main_and_Run_throws()
        => (await Interrupt("sleeps")).ShouldBe(["ready", "main cancelled", "leftover cancelled", "threw KeyboardInterruptException"]);

    [Fact, Rule("ARUN-11")]
    public async Task Main_may_swallow_it_and_return()
        => (await Interrupt("swallows")).ShouldBe(["ready", "main cancelled", "returned swallowed"]);

    [Fact, Rule("ARUN-11")]
    public async Task Another_exception_of_main_wins()
        => (await Interrupt("fails")).ShouldBe(["ready", "main cancelled", "threw FormatException"]);

    [Fact, Rule("ARUN-11")]
    [CPython("test_runners.py::RunnerTests.test_interrupt_cancelled_task")]
    public async Task A_main_that_somebody_else_cancelled_too_ends_with_the_cancellation()
        => (await Interrupt("cancels itself too")).ShouldBe(["ready", "main cancelled", "threw CancelledException"]);

    [Fact, Rule("ARUN-11")]
    public async Task A_second_one_leaves_the_loop_at_once()
        => (await Interrupt("ignores")).ShouldBe(["ready", "main cancelled", "ready", "main again cancelled", "threw KeyboardInterruptException"]);

    [Fact, Rule("ARUN-11")]
    [CPython("test_runners.py::RunnerTests.test_interrupt_call_soon")]
    public async Task A_main_that_only_yields_is_cancelled_too()
        => (await Interrupt("spins")).ShouldBe(["ready", "threw KeyboardInterruptException"]);

    [Fact, Rule("ARUN-11")]
    public async Task A_main_that_computes_meanwhile_is_cancelled_at_its_next_await()
        => (await Interrupt("computes")).ShouldBe(["ready", "main ended", "threw KeyboardInterruptException"]);

    [Fact, Rule("ARUN-11", "ARUN-12")]
    [CPython("test_runners.py::RunnerTests.test_interrupt_wait")]
    public async Task What_main_waits_for_is_cancelled_with_it_and_the_runner_can_be_used_again()
        => (await Interrupt("runner: waits")).ShouldBe(["ready", "interrupted, future cancelled: True", "returned after another run"]);

    [Fact, Rule("ARUN-11")]
    public async Task Handlers_of_the_users_own_run_too()
        => (await Interrupt("has a handler of its own")).ShouldBe(["ready", "own handler", "main cancelled", "threw KeyboardInterruptException"], ignoreOrder: true);

    [Fact, Rule("ARUN-11")]
    public async Task In_the_end_phase_tasks_that_clean_up_are_waited_for_all_the_same()
        => (await Interrupt("leaves a task that cleans up")).ShouldBe(["ready", "cleaned up", "threw KeyboardInterruptException"]);

    [Fact, Rule("ARUN-11")]
    public async Task One_more_in_the_end_phase_is_not_reported_beside_the_one_that_is_thrown()
        => (await Interrupt("cleans up for long when interrupted")).ShouldBe(
            ["ready", "main cancelled", "ready", "leftover cancelled", "cleaned up", "threw KeyboardInterruptException"]);

    [Fact, Rule("ARUN-11")]
    public async Task In_the_end_phase_it_ends_the_wait_for_threads_of_the_executor()
        => (await Interrupt("leaves a thread that works")).ShouldBe(["ready", "threw KeyboardInterruptException"]);

    [Fact, Rule("ARUN-11")]
    public async Task One_that_came_before_the_wait_for_threads_ends_that_too()
        => (await Interrupt("leaves a thread that works and a task that cleans up")).ShouldBe(["ready", "cleaned up", "threw KeyboardInterruptException"]);

    [Fact, Rule("ARUN-11")]
    public async Task The_third_one_ends_the_process_also_if_the_first_came_during_the_run()
        => (await Interrupt("runner: three times")).ShouldBe(["ready", "main cancelled", "ready", "ready"]);

    [Fact, Rule("ARUN-11")]
    public async Task Between_two_runs_it_ends_the_process()
        => (await Interrupt("runner: between runs")).ShouldBe(["ready"]);

    // Sends a Ctrl-C whenever the program says that it is ready; gives what it printed.
    private static async Task<List<string>> Interrupt(string program) => (await SignalledProgram.Run(program, SignalledProgram.Interrupt)).Lines;
}
