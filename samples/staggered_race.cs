// A staggered race: the next attempt begins when the one before has failed, or takes too long; the first result wins.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine<string> Connect(string address, double seconds, bool fails = false)
{
    Console.WriteLine($"trying {address}");
    await Asyncio.Sleep(seconds);
    return fails ? throw new InvalidOperationException("refused") : address;
}

async Coroutine Main()
{
    var (winner, index, failures) = await Asyncio.StaggeredRace<string>(
        [
            () => Connect("2001:db8::1", 0.01, fails: true),
            () => Connect("2001:db8::2", 10),
            () => Connect("192.0.2.1", 0.01),
        ],
        delay: 0.1);
    Console.WriteLine($"connected to {winner}, the {index + 1}rd");
    Console.WriteLine(string.Join(", ", failures.Select(failure => failure?.GetType().Name ?? "won")));
}

Asyncio.Run(Main());
