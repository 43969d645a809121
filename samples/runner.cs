// A runner: several runs on one loop and in one context.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

var user = new ContextVar<string>("user", "nobody");

async Coroutine LogIn(string name)
{
    await Asyncio.Sleep(0.01);
    user.Set(name);
}

async Coroutine Greet() => Console.WriteLine($"hello, {user.Get()}");

using var runner = new Runner();
runner.Run(Greet());
runner.Run(LogIn("Ada"));
runner.Run(Greet());
Console.WriteLine($"outside: {user.Get()}");
