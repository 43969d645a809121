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
