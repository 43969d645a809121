// What a loop tells of itself: that it is blocked, while it is; a failure that nobody awaited; and its metrics.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using System.Diagnostics.Metrics;
using AsyncioSharp;

using var told = new ManualResetEventSlim();

#pragma warning disable ASYNCIO003 // a driver that cannot be awaited: it blocks the loop until that was reported
void ReadCard() => told.Wait();

async Coroutine Pay()
{
    await Asyncio.Sleep(0.01);
    ReadCard();
    await Asyncio.Sleep(0.01);
}

async Coroutine Import()
{
    await Asyncio.Sleep(0.01);
    throw new FormatException("line 7 has no price");
}

async Coroutine Main()
{
    var loop = Asyncio.GetRunningLoop();
    loop.Watchdog = TimeSpan.FromMilliseconds(500);
    loop.LogSink = entry =>
    {
        if (entry.Event is LogEvent.Blocked && (told.IsSet || !entry.Subject!.StartsWith("<Task pending name='pay'")))
        {
            return; // a busy machine blocks it elsewhere too, and here long enough for a second report
        }
        Console.WriteLine($"{entry.Severity} {entry.Event}: {entry.Message}");
        Console.WriteLine();
        told.Set();
    };

    using var meters = new MeterListener
    {
        InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Name is "asyncio.tasks.live" or "asyncio.loop.timers")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        },
    };
    meters.SetMeasurementEventCallback<int>(static (instrument, value, _, _) => Console.WriteLine($"{instrument.Name}: {value} {instrument.Unit}"));
    meters.Start();

    var pay = Asyncio.CreateTask(Pay(), name: "pay");
    _ = Asyncio.CreateTask(Import(), name: "import"); // this one fails, and nobody will know before the end
    await Asyncio.Sleep(0);
    meters.RecordObservableInstruments();
    Console.WriteLine();

    await pay;
}

Asyncio.Run(Main());
