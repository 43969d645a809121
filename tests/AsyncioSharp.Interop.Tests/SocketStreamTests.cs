#pragma warning disable CA2022 // the reads that are to be inexact are those that are cancelled
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary>A connection of the loop as a stream: what .NET builds on streams works on it, and goes on in the loop.</summary>
public class SocketStreamTests
{
    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void Lines_are_read_and_written(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            await using var client = new StreamWriter(new SocketStream(a)) { AutoFlush = true, NewLine = "\n" };
            using var server = new StreamReader(new SocketStream(b));
            var reading = Asyncio.CreateTask(ReadLines());
            for (int i = 0; i < 3; i++)
            {
                await client.WriteLineAsync($"line {i}");
                await Asyncio.Sleep(0.005);
            }
            a.Shutdown(SocketShutdown.Send);
            (await reading).ShouldBe(["line 0", "line 1", "line 2"]);

            async Coroutine<List<string>> ReadLines()
            {
                var lines = new List<string>();
                while (await server.ReadLineAsync() is { } line)
                {
                    lines.Add(line);
                }
                return lines;
            }
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void An_encrypted_connection_works_on_it(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (client, server) = await EncryptedPair(loop);
            byte[] data = RandomNumberGenerator.GetBytes(300_000);
            var serving = Asyncio.CreateTask(Serve());
            var writing = Asyncio.CreateTask(Write());
            byte[] back = new byte[data.Length];
            await client.ReadExactlyAsync(back);
            back.ShouldBe(data);
            await writing;
            await serving;
            await client.DisposeAsync();
            await server.DisposeAsync();

            async Coroutine Write() => await client.WriteAsync(data);

            async Coroutine Serve()
            {
                byte[] buffer = new byte[4096];
                for (int left = data.Length; left > 0;)
                {
                    int count = await server.ReadAsync(buffer);
                    await server.WriteAsync(buffer.AsMemory(0, count));
                    left -= count;
                }
            }
        });

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_read_with_the_tasks_token_takes_no_byte_with_it(Ending ending)
        => SocketLoop.Run(Way.OfLoop, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            await using var client = new SocketStream(a);
            await using var server = new SocketStream(b);
            for (byte i = 1; i < 6; i++)
            {
                byte[] lost = new byte[16];
                await Scenario.EndWait(ending, async () => await client.ReadExactlyAsync(lost, Scenario.Token(ofTask: true)));
                await server.WriteAsync(new[] { i, i });
                byte[] buffer = new byte[2];
                await client.ReadExactlyAsync(buffer);
                buffer.ShouldBe([i, i]);
                lost.ShouldBe(new byte[16]);
            }
        });

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_read_without_a_token_is_left_behind_as_that_of_a_network_stream(Ending ending)
        => SocketLoop.Run(Way.OfLoop, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            await using var client = new SocketStream(a);
            byte[] left = new byte[1];
            await Scenario.EndWait(ending, async () => await client.ReadAsync(left));
            await loop.SockSendAll(b, new byte[] { 1, 2 });
            byte[] next = new byte[1];
            (await client.ReadAsync(next)).ShouldBe(1);
            (left[0], next[0]).ShouldBe(((byte)1, (byte)2));
            b.Dispose();
        });

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void What_is_built_on_it_does_not_make_another_failure_of_a_cancellation(Ending ending)
        => SocketLoop.Run(Way.OfLoop, async loop =>
        {
            var (client, server) = await EncryptedPair(loop);
            await Scenario.EndWait(ending, async () => await client.ReadAsync(new byte[1]));
            await client.DisposeAsync();
            await server.DisposeAsync();
        });

    [Fact]
    public void What_is_built_on_it_goes_on_in_the_loops_thread()
        => SocketLoop.Run(Way.OfLoop, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            await using var client = new SocketStream(a);
            int thread = Environment.CurrentManagedThreadId;
            var threads = new List<int>();
            var reading = Asyncio.CreateTask(Read());
            for (int i = 0; i < 5; i++)
            {
                await Asyncio.Sleep(0.005);
                await loop.SockSendAll(b, new byte[1]);
            }
            await reading;
            threads.ShouldBe([thread, thread, thread, thread, thread]);
            b.Dispose();

            async Coroutine Read() => await ReadOneByOne();

            async Task ReadOneByOne()
            {
                for (int i = 0; i < 5; i++)
                {
                    await client.ReadExactlyAsync(new byte[1]).ConfigureAwait(false);
                    Asyncio.CurrentTask().ShouldBeNull();
                    threads.Add(Environment.CurrentManagedThreadId);
                }
            }
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void A_broken_connection_is_an_IOException(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            await using var stream = new SocketStream(a);
            var reading = stream.ReadAsync(new byte[1]).AsTask();
            await Asyncio.Sleep(0.01);
            b.LingerState = new LingerOption(true, 0);
            b.Dispose();
            var failure = await Should.ThrowAsync<IOException>(reading);
            failure.Message.ShouldStartWith("The connection is broken: ");
            failure.InnerException.ShouldBeOfType<SocketException>().SocketErrorCode.ShouldBe(SocketError.ConnectionReset);
            await Should.ThrowAsync<IOException>(stream.WriteAsync(new byte[1]).AsTask());
        });

    [Fact]
    public void Who_reads_is_told_at_once_when_it_is_disposed_of()
        => SocketLoop.Run(Way.OfLoop, async loop =>
        {
            Assert.SkipUnless(SocketLoop.WaitsItself(Way.OfLoop), "An operation of .NET fails otherwise.");
            var (a, b) = await SocketLoop.Pair(loop);
            var stream = new SocketStream(a);
            var reading = stream.ReadAsync(new byte[1]).AsTask();
            var receiving = Asyncio.CreateTask(loop.SockRecv(a, 1));
            await Asyncio.Sleep(0.01);
            await stream.DisposeAsync();
            for (int i = 0; i < 10; i++)
            {
                await Asyncio.Sleep(0);
            }
            reading.IsFaulted.ShouldBeTrue();
            (await Should.ThrowAsync<ObjectDisposedException>(reading)).Message.ShouldContain("closed while it was waited for");
            await Should.ThrowAsync<ObjectDisposedException>(() => receiving.AsTask());
            (stream.CanRead, stream.CanWrite).ShouldBe((false, false));
            Should.Throw<ObjectDisposedException>(() => stream.ReadAsync(new byte[1]).AsTask());
            Should.Throw<ObjectDisposedException>(() => stream.WriteAsync(new byte[1]).AsTask());
            (await loop.SockRecv(b, 1)).ShouldBeEmpty();
            b.Dispose();
        });

    [Fact]
    public void Who_reads_is_told_when_another_thread_disposes_of_it()
        => SocketLoop.Run(Way.OfLoop, async loop =>
        {
            Assert.SkipUnless(SocketLoop.WaitsItself(Way.OfLoop), "An operation of .NET fails otherwise.");
            var (a, b) = await SocketLoop.Pair(loop);
            var stream = new SocketStream(a);
            var reading = stream.ReadAsync(new byte[1]).AsTask();
            var disposing = Task.Run(() =>
            {
                Thread.Sleep(1300); // the loop has looked for what is gone, and rests for good
                stream.Dispose();
            });
            await Should.ThrowAsync<ObjectDisposedException>(() => reading);
            await disposing;
            b.Dispose();
        });

    [Fact]
    public void A_loop_that_is_closed_ends_what_waits_for_it()
    {
        var loop = new EventLoop();
        Task<int>? reading = null;
        var sockets = new List<Socket>();
        loop.RunUntilComplete(Begin());
        loop.Close();
        Should.Throw<InvalidStateException>(() => reading!.GetAwaiter().GetResult());
        sockets.ForEach(static socket => socket.Dispose());

        async Coroutine Begin()
        {
            var (a, b) = await SocketLoop.Pair(loop);
            sockets.AddRange([a, b]);
            reading = new SocketStream(a).ReadAsync(new byte[1]).AsTask();
        }
    }

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void A_token_ends_a_read_and_a_write(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            a.SendBufferSize = 65536;
            await using var stream = new SocketStream(a);
            using var source = new CancellationTokenSource();
            var reading = stream.ReadAsync(new byte[1], source.Token).AsTask();
            var writing = stream.WriteAsync(new byte[20_000_000], source.Token).AsTask();
            await Asyncio.Sleep(0.02);
            reading.IsCompleted.ShouldBeFalse();
            writing.IsCompleted.ShouldBeFalse();
            await source.CancelAsync();
            (await Should.ThrowAsync<OperationCanceledException>(reading)).CancellationToken.ShouldBe(source.Token);
            (await Should.ThrowAsync<OperationCanceledException>(writing)).CancellationToken.ShouldBe(source.Token);
            b.Dispose();
        });

    [Fact]
    public void What_is_written_without_waiting_is_sent_in_that_order_with_tokens_and_without()
        => SocketLoop.Run(Way.OfLoop, async loop =>
        {
            const int Length = 3_000_000;
            var (a, b) = await SocketLoop.Pair(loop);
            await using var stream = new SocketStream(a);
            using var source = new CancellationTokenSource();
            var writes = new List<Task>();
            for (byte i = 1; i <= 6; i++)
            {
                writes.Add(stream.WriteAsync(Enumerable.Repeat(i, Length).ToArray(), i % 2 == 0 ? source.Token : default).AsTask());
            }
            for (byte i = 1; i <= 6; i++)
            {
                (await SocketLoop.ReceiveExactly(loop, b, Length)).AsSpan().IndexOfAnyExcept(i).ShouldBe(-1);
            }
            await Task.WhenAll(writes);
            b.Dispose();
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void A_token_that_is_cancelled_already_ends_it_before_it_begins(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            loop.Debug = true; // or a coroutine that is not awaited would not be told
            var (a, b) = await SocketLoop.Pair(loop);
            await using var stream = new SocketStream(a);
            await loop.SockSendAll(b, new byte[] { 1 });
            var token = new CancellationToken(canceled: true);
            (await Should.ThrowAsync<OperationCanceledException>(stream.ReadAsync(new byte[1], token).AsTask())).CancellationToken.ShouldBe(token);
            (await Should.ThrowAsync<OperationCanceledException>(stream.WriteAsync(new byte[1], token).AsTask())).CancellationToken.ShouldBe(token);
            (await loop.SockRecv(a, 16)).ShouldBe([1]);
            b.Dispose();
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void Other_threads_use_it_too(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            await using var client = new SocketStream(a);
            await using var server = new SocketStream(b);
            var elsewhere = Task.Run(async () =>
            {
                byte[] buffer = new byte[1];
                for (byte i = 0; i < 100; i++)
                {
                    await client.WriteAsync(new[] { i });
                    (await client.ReadAsync(buffer, CancellationToken.None)).ShouldBe(1);
                    buffer[0].ShouldBe((byte)(i + 1));
                }
            });
            byte[] echo = new byte[1];
            for (int i = 0; i < 100; i++)
            {
                (await server.ReadAsync(echo)).ShouldBe(1);
                echo[0]++;
                await server.WriteAsync(echo);
            }
            await elsewhere;
        });

    [Fact]
    public void What_would_block_or_needs_a_position_is_refused()
        => SocketLoop.Run(Way.OfLoop, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            using (var stream = new SocketStream(a, ownsSocket: false))
            {
                (stream.CanRead, stream.CanWrite, stream.CanSeek).ShouldBe((true, true, false));
                Should.Throw<NotSupportedException>(() => Read(stream)).Message.ShouldContain("await ReadAsync");
                Should.Throw<NotSupportedException>(() => stream.WriteByte(1)).Message.ShouldContain("await ReadAsync");
                Should.Throw<NotSupportedException>(() => stream.Length);
                Should.Throw<NotSupportedException>(() => stream.Position);
                Should.Throw<NotSupportedException>(() => stream.Position = 1);
                Should.Throw<NotSupportedException>(() => stream.Seek(0, SeekOrigin.Begin));
                Should.Throw<NotSupportedException>(() => stream.SetLength(0));
                await stream.FlushAsync();
                await stream.WriteAsync(new byte[] { 1, 2, 3 }.AsMemory(1, 1));
            }
            (await loop.SockRecv(b, 16)).ShouldBe([2]); // it was not closed with the stream
            await loop.SockSendAll(b, new byte[] { 4 });
            await using var owner = new SocketStream(a);
            byte[] buffer = new byte[3];
            (await owner.ReadAsync(buffer.AsMemory(2))).ShouldBe(1);
            buffer.ShouldBe([0, 0, 4]);
            await owner.DisposeAsync();
            (await loop.SockRecv(b, 16)).ShouldBeEmpty();
            b.Dispose();

            static int Read(Stream stream) => stream.ReadByte();
        });

    [Fact]
    public void It_is_made_where_a_loop_runs()
    {
        using var socket = SocketLoop.New();
        Should.Throw<InvalidOperationException>(() => new SocketStream(socket)).Message.ShouldContain("no running event loop");
        SocketLoop.Run(Way.OfLoop, async _ =>
        {
            Should.Throw<ArgumentNullException>(static () => new SocketStream(null!)).ParamName.ShouldBe("socket");
            await Asyncio.Sleep(0);
        });
    }

    private static async Coroutine<(SslStream Client, SslStream Server)> EncryptedPair(EventLoop loop)
    {
        using var certificate = SelfSigned();
        var (a, b) = await SocketLoop.Pair(loop);
        var server = new SslStream(new SocketStream(b));
        var client = new SslStream(new SocketStream(a), leaveInnerStreamOpen: false, IsOurs);
        var serving = Asyncio.CreateTask(Serve());
        await client.AuthenticateAsClientAsync("localhost");
        await serving;
        return (client, server);

        bool IsOurs(object? _, X509Certificate? given, X509Chain? chain, SslPolicyErrors errors) => given?.GetCertHashString() == certificate.GetCertHashString();

        async Coroutine Serve() => await server.AuthenticateAsServerAsync(certificate);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.Now.AddDays(-1), DateTimeOffset.Now.AddDays(1));
    }
}
