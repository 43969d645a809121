using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>
/// Groups, timeouts and cancel scopes, nested at random, under many schedules and with cancellations from outside at random times: no task
/// outlives its group, no cancellation from outside is lost, none of the scopes' own gets out, and the count of requests comes out right.
/// </summary>
public class ScopeScheduleTests
{
    private const int Count = 10_000;

    [Theory]
    [InlineData("groups")]
    [InlineData("timeouts")]
    [InlineData("scopes")]
    [InlineData("groups timeouts scopes")]
    public void Nothing_is_lost_and_nothing_gets_out(string kinds)
        => Schedules.Explore(random => new Workload(random, kinds).Main(), Count).ShouldBeGreaterThan(1);

    /// <summary>The same, with tasks of the groups cancelled by the schedule itself, between any two iterations.</summary>
    [Theory]
    [InlineData("groups")]
    [InlineData("groups timeouts scopes")]
    public void Nothing_is_lost_when_the_schedule_cancels_at_random_too(string kinds)
        => Schedules.Explore(
            random => new Workload(random, kinds).Main(),
            Count,
            options: new ScheduleOptions { Cancels = 4, MayCancel = task => task.Name is not ("root" or "outside") })
            .ShouldBeGreaterThan(Count / 10);

    /// <summary>And with the task itself cancelled so, which counts the requests: every request arrives, whenever it comes.</summary>
    [Theory]
    [InlineData("timeouts")]
    [InlineData("scopes")]
    [InlineData("groups timeouts scopes")]
    public void A_request_of_the_schedule_arrives_whenever_it_comes(string kinds)
        => Schedules.Explore(
            random => new Workload(random, kinds, asksItself: false).Main(),
            Count,
            options: new ScheduleOptions { Cancels = 2, MayCancel = task => task.Name == "root" })
            .ShouldBeGreaterThan(Count / 10);

    private sealed class Workload
    {
        private const int Depth = 3;

        private readonly Random _random;
        private readonly bool _asksItself; // or else the schedule cancels the root
        private readonly List<Func<int, Coroutine>> _kinds = [];
        private readonly List<CoroutineTask> _children = [];
        private CoroutineTask? _root;
        private int _asked;         // cancellations of the root from outside, as far as they are known
        private bool _wasCancelled; // one of them has ended its work

        internal Workload(Random random, string kinds, bool asksItself = true)
        {
            _random = random;
            _asksItself = asksItself;
            if (kinds.Contains("groups"))
                _kinds.AddRange([Group, Group]);
            if (kinds.Contains("timeouts"))
                _kinds.Add(Limited);
            if (kinds.Contains("scopes"))
                _kinds.AddRange([Scoped, Shielded, CleansUpShielded]);
        }

        internal async Coroutine Main()
        {
            _root = Asyncio.CreateTask(Root(), "root");
            var outside = Asyncio.CreateTask(_asksItself ? CancelAtRandom() : Asyncio.Sleep(0), "outside");
            await Asyncio.Wait([_root]);
            outside.Cancel();
            await Asyncio.Wait([outside]);
            Check(Asyncio.AllTasks().Count == 1, "a task has outlived its group");
            if (_asksItself || !_root.IsCancelled) // the schedule may cancel it before its first step, and at its end
            {
                _root.Result();
            }
        }

        private async Coroutine Root()
        {
            try
            {
                await Work(Depth);
            }
            catch (CancelledException)
            {
                CountRequests();
                Check(_asked > 0, "a scope's own cancellation got out");
                _wasCancelled = true;
            }
            catch (TaskGroupException e)
            {
                Check(e.Flatten().InnerExceptions.All(failure => failure is FormatException), e.ToString());
            }
            CountRequests();
            Check(_root!.Cancelling == _asked, $"{_root.Cancelling} requests are counted, but {_asked} were made from outside");
            int asked = _asked;
            bool isDelivered = false;
            try
            {
                await Asyncio.Sleep(0);
            }
            catch (CancelledException)
            {
                isDelivered = true;
            }
            CountRequests();
            Check(!isDelivered || _asked > 0, "a scope's own cancellation was delivered behind it");
            Check(isDelivered || asked == 0 || _wasCancelled, "a cancellation from outside was lost");
        }

        // No scope is open, so what is counted has come from the schedule.
        private void CountRequests() => _asked = _asksItself ? _asked : _root!.Cancelling;

        private async Coroutine CancelAtRandom()
        {
            for (int i = _random.Next(4); i > 0; i--)
            {
                await Asyncio.Sleep(_random.Next(4));
                var target = _random.Next(3) > 0 || _children.Count == 0 ? _root! : _children[_random.Next(_children.Count)];
                if (target.Cancel("outside") && target == _root)
                    _asked++;
            }
        }

        private async Coroutine Work(int depth)
        {
            for (int i = _random.Next(1, 3); i > 0; i--)
            {
                await (depth == 0 || _random.Next(4) == 0 ? Asyncio.Sleep(_random.Next(3)) : _kinds[_random.Next(_kinds.Count)](depth - 1));
            }
        }

        private async Coroutine Group(int depth)
        {
            var children = new List<CoroutineTask>();
            try
            {
                await new TaskGroup().Run(async group =>
                {
                    for (int i = _random.Next(3); i > 0; i--)
                    {
                        var child = group.CreateTask(_random.Next(4) == 0 ? Fail() : Work(depth), eagerStart: _random.Next(4) == 0);
                        children.Add(child);
                        _children.Add(child);
                    }
                    await Work(depth);
                    switch (_random.Next(5))
                    {
                        case 0:
                            group.Cancel();
                            break;
                        case 1:
                            throw new FormatException();
                    }
                });
            }
            catch (TaskGroupException) when (_random.Next(2) == 0)
            {
                // Handled; what came from outside meanwhile must still arrive.
            }
            finally
            {
                Check(children.All(child => child.IsDone), "a group was left before its tasks had ended");
            }
        }

        private async Coroutine Limited(int depth)
        {
            var timeout = Asyncio.Timeout(_random.Next(4));
            try
            {
                await timeout.Run(async _ => await Work(depth));
            }
            catch (TimeoutException)
            {
                Check(timeout.IsExpired, "a timeout was told that has not expired");
            }
        }

        private async Coroutine Scoped(int depth)
        {
            var scope = new CancelScope(timeout: _random.Next(4), shield: _random.Next(4) == 0);
            await scope.Run(async _ =>
            {
                await Work(depth);
                if (_random.Next(4) == 0)
                    scope.Cancel();
                await Work(0);
            });
            Check(!scope.WasCaught || scope.IsCancelled, "caught, but not cancelled");
        }

        private async Coroutine Shielded(int depth)
        {
            bool reached = false;
            await new CancelScope(shield: true).Run(async _ =>
            {
                await Asyncio.Sleep(_random.Next(3));
                reached = true;
            });
            Check(reached, "a shield has let something through");
        }

        private async Coroutine CleansUpShielded(int depth)
        {
            try
            {
                await Work(depth);
            }
            finally
            {
                await Shielded(depth);
            }
        }

        private async Coroutine Fail()
        {
            await Asyncio.Sleep(_random.Next(3));
            throw new FormatException();
        }

        private static void Check(bool condition, string failure)
        {
            if (!condition)
                throw new InvalidOperationException(failure);
        }
    }
}
