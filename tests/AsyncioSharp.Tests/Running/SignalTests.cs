namespace AsyncioSharp.Tests.Running;

/// <summary>How programs of docs/running.md end upon signals: what of them runs, and the exit code.</summary>
public class SignalTests
{
    [Fact]
    public async Task A_program_that_catches_the_interrupt_ends_with_the_exit_code_of_a_shell()
        => await ShouldEnd("page: Ctrl-C", SignalledProgram.Interrupt, 130, "ready", "main cleaned up", "leftover cleaned up");

    [Fact]
    public async Task Without_a_handler_a_termination_ends_the_process_at_once()
        => await ShouldEnd("page: Ctrl-C", SignalledProgram.Terminate, 143, "ready");

    [Fact]
    public async Task A_termination_that_cancels_main_lets_it_clean_up()
        => await ShouldEnd("page: SIGTERM", SignalledProgram.Terminate, 0, "ready", "main cleaned up", "leftover cleaned up");

    [Fact]
    public async Task A_second_termination_ends_the_process_at_once()
        => await ShouldEnd("page: SIGTERM while cleaning up", SignalledProgram.Terminate, 143, "ready", "ready");

    [Fact]
    public async Task A_program_with_a_handler_of_terminations_is_interrupted_as_others_are()
        => await ShouldEnd("page: SIGTERM", SignalledProgram.Interrupt, 130, "ready", "main cleaned up", "leftover cleaned up");

    [Fact]
    public async Task A_handler_sends_a_callback_to_the_loop()
        => await ShouldEnd("page: event", SignalledProgram.Terminate, 0, "ready", "shutting down");

    private static async Task ShouldEnd(string program, int signal, int exitCode, params string[] printed)
    {
        var (lines, actual) = await SignalledProgram.Run(program, signal);
        lines.ShouldBe(printed);
        actual.ShouldBe(exitCode);
    }
}
