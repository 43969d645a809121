using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary><c>PipeReader</c> and <c>PipeWriter</c> in coroutines.</summary>
public class PipeTests
{
    [Fact]
    public void What_is_written_is_read()
    {
        Scenario.Run(async () =>
        {
            var pipe = new Pipe();
            var writing = Asyncio.CreateTask(Write());
            var text = new StringBuilder();
            while (true)
            {
                var read = await pipe.Reader.ReadAsync();
                text.Append(Encoding.UTF8.GetString(read.Buffer));
                pipe.Reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }
            await writing;
            text.ToString().ShouldBe("one two three");

            async Coroutine Write()
            {
                foreach (string word in new[] { "one", " two", " three" })
                {
                    await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(word));
                    await Asyncio.Sleep(0.001);
                }
                await pipe.Writer.CompleteAsync();
            }
        });
    }

    [Fact]
    public void The_failure_of_the_other_end_comes_out_of_the_await()
    {
        Scenario.Run(async () =>
        {
            var pipe = new Pipe();
            await pipe.Writer.CompleteAsync(new FormatException("broken"));
            (await Scenario.FailureOf<FormatException>(() => pipe.Reader.ReadAsync().AsTask())).Message.ShouldBe("broken");
        });
    }

    [Fact]
    public void A_read_can_be_cancelled_and_timed_out_and_wrapped_it_is_over_then_so_that_another_may_follow()
    {
        Scenario.Run(async () =>
        {
            var pipe = new Pipe();
            await Scenario.CancelInTheMiddle(async () => await Asyncio.WrapFuture(token => pipe.Reader.ReadAsync(token).AsTask()));
            await Scenario.TimeOut(async () => await Asyncio.WrapFuture(token => pipe.Reader.ReadAsync(token).AsTask()));
            await pipe.Writer.WriteAsync(new byte[] { 1, 2, 3 });
            (await pipe.Reader.ReadAsync()).Buffer.Length.ShouldBe(3);
            await Scenario.CancelInTheMiddle(() => new Pipe().Reader.ReadAsync().AsTask());
        });
    }

    [Theory]
    [InlineData(Ending.Cancel, true)]
    [InlineData(Ending.Cancel, false)]
    [InlineData(Ending.Timeout, true)]
    [InlineData(Ending.Timeout, false)]
    public void After_a_bare_read_with_the_tasks_token_the_next_may_follow_at_once_and_gets_every_byte(Ending ending, bool continueOnCapturedContext)
    {
        Scenario.Run(async () =>
        {
            var pipe = new Pipe();
            for (int i = 0; i < 8; i++)
            {
                Task<ReadResult>? next = null;
                await Scenario.EndWait(ending, Read);
                await pipe.Writer.WriteAsync(new byte[] { 1, 2, 3 });
                var read = await next!;
                read.IsCanceled.ShouldBeFalse();
                read.Buffer.ToArray().ShouldBe([1, 2, 3]);
                pipe.Reader.AdvanceTo(read.Buffer.End);

                async Coroutine Read()
                {
                    try
                    {
                        await pipe.Reader.ReadAsync(Scenario.Token(ofTask: true)).ConfigureAwait(continueOnCapturedContext);
                    }
                    finally
                    {
                        next = pipe.Reader.ReadAsync().AsTask();
                    }
                }
            }
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_second_operation_beside_one_that_was_left_behind_is_refused_by_the_pipe_and_ends_it(Ending ending)
    {
        Scenario.Run(async () =>
        {
            var read = new Pipe();
            await Scenario.EndWait(ending, async () => await read.Reader.ReadAsync());
            await Scenario.FailureOf<InvalidOperationException>(async () => await read.Reader.ReadAsync());
            await Scenario.FailureOf<InvalidOperationException>(async () => await read.Writer.WriteAsync(new byte[1]));

            var written = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
            await Scenario.EndWait(ending, async () => await written.Writer.WriteAsync(new byte[1]));
            await Scenario.FailureOf<InvalidOperationException>(async () => await written.Writer.WriteAsync(new byte[1]));
            await Scenario.FailureOf<InvalidOperationException>(async () => await written.Reader.ReadAsync());
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_bare_read_that_is_left_behind_is_ended_by_CancelPendingRead(Ending ending)
    {
        Scenario.Run(async () =>
        {
            var pipe = new Pipe();
            for (int i = 0; i < 3; i++)
            {
                await Scenario.EndWait(ending, async () => await pipe.Reader.ReadAsync());
                pipe.Reader.CancelPendingRead();
                var reading = pipe.Reader.ReadAsync();
                await pipe.Writer.WriteAsync(new byte[] { 1, 2, 3 });
                var read = await reading;
                read.IsCanceled.ShouldBeFalse();
                read.Buffer.ToArray().ShouldBe([1, 2, 3]);
                pipe.Reader.AdvanceTo(read.Buffer.End);
            }
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void Of_a_bare_write_with_the_tasks_token_the_bytes_are_in_the_pipe(Ending ending)
    {
        Scenario.Run(async () =>
        {
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 2, resumeWriterThreshold: 1));
            await Scenario.EndWait(ending, async () => await pipe.Writer.WriteAsync(new byte[] { 1, 2 }, Scenario.Token(ofTask: true)));
            var writing = Asyncio.CreateTask(Write());
            await Asyncio.Sleep(0);
            var read = await pipe.Reader.ReadAsync();
            read.Buffer.ToArray().ShouldBe([1, 2, 3]);
            pipe.Reader.AdvanceTo(read.Buffer.End);
            await writing;

            async Coroutine Write() => await pipe.Writer.WriteAsync(new byte[] { 3 });
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bytes_that_come_in_the_moment_of_the_cancel_stay_in_the_pipe_and_without_the_token_hold_the_reader(bool withToken)
    {
        Scenario.Run(async () =>
        {
            var pipe = new Pipe();
            var task = Asyncio.CreateTask(Read());
            await Asyncio.Sleep(0);
            var writing = pipe.Writer.WriteAsync(new byte[] { 1, 2, 3 });
            task.Cancel();
            await writing;
            await Scenario.FailureOf<CancelledException>(task);
            if (withToken)
            {
                (await pipe.Reader.ReadAsync()).Buffer.ToArray().ShouldBe([1, 2, 3]);
            }
            else
            {
                (await Scenario.FailureOf<InvalidOperationException>(async () => await pipe.Reader.ReadAsync())).Message.ShouldContain("already in progress");
            }

            async Coroutine Read() => await pipe.Reader.ReadAsync(Scenario.Token(withToken));
        });
    }

    [Fact]
    public void Many_pipes_at_once()
    {
        Scenario.Run(async () =>
        {
            (await Scenario.AtOnce(50, Echo)).ShouldBe(Enumerable.Range(0, 50));

            static async Coroutine<int> Echo(int i)
            {
                var pipe = new Pipe();
                var reading = Asyncio.CreateTask(Read(pipe.Reader));
                await Asyncio.Sleep(0.001);
                await pipe.Writer.WriteAsync(new[] { (byte)i });
                return await reading;
            }

            static async Coroutine<int> Read(PipeReader reader) => (await reader.ReadAsync()).Buffer.FirstSpan[0];
        });
    }
}
