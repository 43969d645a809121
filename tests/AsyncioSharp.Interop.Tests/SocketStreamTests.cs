using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary>A connection of the loop as a stream: what .NET builds on streams works on it, and a read that is cancelled takes nothing with it.</summary>
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
            using var key = RSA.Create(2048);
            using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                .CreateSelfSigned(DateTimeOffset.Now.AddDays(-1), DateTimeOffset.Now.AddDays(1));
            var (a, b) = await SocketLoop.Pair(loop);
            await using var server = new SslStream(new SocketStream(b));
            await using var client = new SslStream(new SocketStream(a), leaveInnerStreamOpen: false, IsOurs);
            byte[] data = RandomNumberGenerator.GetBytes(300_000);
            var serving = Asyncio.CreateTask(Serve());
            await client.AuthenticateAsClientAsync("localhost");
            var writing = Asyncio.CreateTask(Write());
            byte[] back = new byte[data.Length];
            await client.ReadExactlyAsync(back);
            back.ShouldBe(data);
            await writing;
            await serving;

            bool IsOurs(object? _, X509Certificate? given, X509Chain? chain, SslPolicyErrors errors) => given?.GetCertHashString() == certificate.GetCertHashString();

            async Coroutine Write() => await client.WriteAsync(data);

            async Coroutine Serve()
            {
                await server.AuthenticateAsServerAsync(certificate);
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
    [InlineData(true, Ending.Cancel)]
    [InlineData(true, Ending.Timeout)]
    [InlineData(false, Ending.Cancel)]
    [InlineData(false, Ending.Timeout)]
    public void A_read_that_is_cancelled_takes_no_byte_with_or_without_a_token(bool hasToken, Ending ending)
    {
        Assert.SkipUnless(hasToken || OperatingSystem.IsLinux(), "An operation of .NET without a token is left behind.");
        SocketLoop.Run(Way.OfLoop, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            await using var client = new SocketStream(a);
            await using var server = new SocketStream(b);
            for (byte i = 1; i < 6; i++)
            {
                byte[] lost = new byte[16];
                await Scenario.EndWait(ending, async () => await client.ReadExactlyAsync(lost, Scenario.Token(hasToken)));
                await server.WriteAsync(new[] { i, i });
                byte[] buffer = new byte[2];
                await client.ReadExactlyAsync(buffer);
                buffer.ShouldBe([i, i]);
                lost.ShouldBe(new byte[16]);
            }
        });
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
                Should.Throw<NotSupportedException>(() => stream.WriteByte(1)).Message.ShouldContain("await ReadAsync or WriteAsync");
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
}
