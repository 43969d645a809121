#pragma warning disable CA2022 // the reads that are to be inexact are those that are cancelled
using System.Diagnostics;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary>
/// File operations that are surely in the middle when they are cancelled: of a named pipe, which has nothing to read or no more room. On Unix .NET
/// does them in the thread pool, where no token reaches them, as it does those of any file: so each is left behind, and ends when the system lets it.
/// </summary>
public sealed class NamedPipeFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("asynciosharp-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(Ending.Cancel, true)]
    [InlineData(Ending.Cancel, false)]
    [InlineData(Ending.Timeout, true)]
    [InlineData(Ending.Timeout, false)]
    public void A_read_that_is_left_behind_takes_the_next_byte_and_no_other_with_the_token_too(Ending ending, bool withToken)
    {
        using var file = Open();
        Scenario.Run(async () =>
        {
            for (byte i = 1; i < 4; i++)
            {
                using var left = new BegunBuffer(1);
                byte[] next = new byte[1];
                await Scenario.EndWait(ending, async () => await Begun(file.ReadAsync(left.Memory, Scenario.Token(withToken)), left));
                await file.WriteAsync(new[] { i });
                await Scenario.Until(() => left.Bytes[0] == i);
                await file.WriteAsync(new[] { (byte)(i + 100) });
                (await file.ReadAsync(next)).ShouldBe(1);
                next.ShouldBe([(byte)(i + 100)]);
            }
        });
    }

    [Theory]
    [InlineData(Ending.Cancel, true)]
    [InlineData(Ending.Cancel, false)]
    [InlineData(Ending.Timeout, true)]
    [InlineData(Ending.Timeout, false)]
    public void A_write_that_is_left_behind_writes_all_with_the_token_too(Ending ending, bool withToken)
    {
        const int Many = 1_000_000;
        using var file = Open();
        using var begin = new FileStream(file.Name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        Scenario.Run(async () =>
        {
            byte[] ones = new byte[Many];
            Array.Fill(ones, (byte)1);
            await Scenario.EndWait(ending, async () =>
            {
                var write = file.WriteAsync(ones, Scenario.Token(withToken));
                begin.ReadByte().ShouldBe(1); // blocks until the write has begun: before, its token would end it
                await write;
            });
            byte[] received = new byte[Many - 1];
            await file.ReadExactlyAsync(received);
            received.ShouldBe(ones[1..]);
            await file.WriteAsync(new byte[] { 2 });
            await file.ReadExactlyAsync(received.AsMemory(0, 1));
            received[0].ShouldBe((byte)2);
        });
    }

    [Fact]
    public void A_wrapped_read_is_waited_for_and_what_it_read_is_the_outcome()
    {
        using var file = Open();
        Scenario.Run(async () =>
        {
            using var buffer = new BegunBuffer(1);
            var task = Asyncio.CreateTask(Read());
            await Asyncio.Sleep(0.05);
            task.Cancel();
            await Asyncio.Sleep(0.05);
            task.IsDone.ShouldBeFalse();
            await file.WriteAsync(new byte[] { 7 });
            (await task).ShouldBe(1);
            buffer.Bytes[0].ShouldBe((byte)7);

            async Coroutine<int> Read() => await Asyncio.WrapFuture(token => Begun(file.ReadAsync(buffer.Memory, token), buffer).AsTask());
        });
    }

    [Fact]
    public void An_operation_whose_token_is_cancelled_already_does_not_begin()
    {
        using var file = Open();
        Scenario.Run(async () =>
        {
            var cancelled = new CancellationToken(canceled: true);
            await Scenario.FailureOf<OperationCanceledException>(async () => await file.WriteAsync(new byte[] { 1 }, cancelled));
            await Scenario.FailureOf<OperationCanceledException>(async () => await file.ReadAsync(new byte[1], cancelled));
            await file.WriteAsync(new byte[] { 2 });
            byte[] buffer = new byte[16];
            (await file.ReadAsync(buffer)).ShouldBe(1);
            buffer[0].ShouldBe((byte)2);
        });
    }

    [Fact]
    public void The_failure_of_an_operation_that_the_system_refuses_comes_out_of_the_await()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no device that is always full.");
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0, useAsync: true);
        Scenario.Run(async () =>
        {
            for (int i = 0; i < 3; i++)
            {
                await Scenario.FailureOf<IOException>(async () => await full.WriteAsync(new byte[10]));
            }
        });
    }

    // Before it has begun, its token would end it.
    private static ValueTask<int> Begun(ValueTask<int> read, BegunBuffer buffer)
    {
        buffer.WaitUntilReached();
        return read;
    }

    // For reading and writing, so that it opens at once.
    private FileStream Open()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no named pipes among the files.");
        string path = Path.Combine(_folder.FullName, "pipe");
        using (var process = Process.Start("mkfifo", [path]))
        {
            process.WaitForExit();
        }
        return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0, useAsync: true);
    }
}
