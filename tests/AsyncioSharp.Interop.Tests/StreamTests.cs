using System.Net.Sockets;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary>Streams in coroutines: sockets, which may have nothing to read, and files.</summary>
public sealed class StreamTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("asynciosharp-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Both_ends_of_a_connection_in_one_loop()
    {
        Scenario.Run(async () =>
        {
            using var pair = await SocketPair.Connect();
            var echo = Asyncio.CreateTask(Echo(pair.Server));
            await pair.Client.WriteAsync(new byte[] { 1, 2, 3 });
            byte[] answer = new byte[3];
            await pair.Client.ReadExactlyAsync(answer);
            answer.ShouldBe([1, 2, 3]);
            pair.Client.Close();
            await echo;

            static async Coroutine Echo(NetworkStream stream)
            {
                byte[] buffer = new byte[16];
                for (int count; (count = await stream.ReadAsync(buffer)) > 0;)
                {
                    await stream.WriteAsync(buffer.AsMemory(0, count));
                }
            }
        });
    }

    [Fact]
    public void Failures_come_out_of_the_await_as_they_are()
    {
        Scenario.Run(async () =>
        {
            using var pair = await SocketPair.Connect();
            pair.Server.Close();
            await Scenario.FailureOf<EndOfStreamException>(() => pair.Client.ReadExactlyAsync(new byte[1]).AsTask());
            await Scenario.FailureOf<FileNotFoundException>(() => File.ReadAllTextAsync(Path.Combine(_folder.FullName, "missing")));
        });
    }

    [Fact]
    public void A_read_can_be_cancelled_and_timed_out_and_with_the_token_no_byte_is_lost()
    {
        Scenario.Run(async () =>
        {
            using var pair = await SocketPair.Connect();
            byte[] buffer = new byte[1];
            await Scenario.CancelInTheMiddle(() => pair.Client.ReadExactlyAsync(buffer, CoroutineTask.Current.CancellationToken).AsTask());
            await Scenario.TimeOut(() => pair.Client.ReadExactlyAsync(buffer, CoroutineTask.Current.CancellationToken).AsTask());
            await pair.Server.WriteAsync(new byte[] { 7 });
            await pair.Client.ReadExactlyAsync(buffer);
            buffer.ShouldBe([7]);
        });
    }

    [Fact]
    public void Files_are_written_and_read_many_at_once()
    {
        Scenario.Run(async () =>
        {
            (await Scenario.AtOnce(50, WriteAndRead)).ShouldBe(Enumerable.Range(0, 50).Select(i => new string('x', i * 1000)));

            async Coroutine<string> WriteAndRead(int i)
            {
                string path = Path.Combine(_folder.FullName, $"file-{i}");
                await using (var writer = new StreamWriter(path))
                {
                    await writer.WriteAsync(new string('x', i * 1000));
                }
                return await File.ReadAllTextAsync(path);
            }
        });
    }

    [Fact]
    public void A_copy_to_a_file_that_is_cancelled_or_timed_out_closes_the_file()
    {
        Scenario.Run(async () =>
        {
            using var pair = await SocketPair.Connect();
            await Scenario.TimeOut(() => Download("late")); // first, so that the next one need not wait for the compiler
            await pair.Server.WriteAsync(new byte[1000]);
            string path = Path.Combine(_folder.FullName, "cancelled");
            await Scenario.CancelInTheMiddle(() => Download("cancelled"), () => File.Exists(path) && new FileInfo(path).Length == 1000);
            await Scenario.Until(() => IsClosed(path)); // the method closes the file when it hears of the token

            async Task Download(string name)
            {
                // Without a buffer, so that what has come can be seen.
                await using var file = new FileStream(Path.Combine(_folder.FullName, name), FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
                await pair.Client.CopyToAsync(file, CoroutineTask.Current.CancellationToken);
            }

            static bool IsClosed(string path)
            {
                try
                {
                    using var alone = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None);
                    return true;
                }
                catch (IOException)
                {
                    return false; // somebody has it open
                }
            }
        });
    }
}
