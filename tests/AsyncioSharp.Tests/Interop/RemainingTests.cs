namespace AsyncioSharp.Tests.Interop;

/// <summary>Cancelling a wait for thousands of methods looks at each of them a few times, not at all of them whenever one ends.</summary>
public class RemainingTests
{
    public enum Order
    {
        AsBegun,
        Backwards,
        Mixed,
    }

    [Theory]
    [InlineData(Order.AsBegun)]
    [InlineData(Order.Backwards)]
    [InlineData(Order.Mixed)]
    public void However_they_end_the_looks_are_linear(Order order)
    {
        const int Count = 5000;
        int looks = 0;
        bool[] ended = new bool[Count];
        var remaining = new Remaining<int>([.. Enumerable.Range(0, Count)], i =>
        {
            looks++;
            return !ended[i];
        });
        int[] ends = [.. Enumerable.Range(0, Count)];
        if (order == Order.Backwards)
        {
            Array.Reverse(ends);
        }
        else if (order == Order.Mixed)
        {
            new Random(4).Shuffle(ends);
        }
        for (int i = 0; i < Count; i++)
        {
            remaining.Any().ShouldBeTrue();
            ended[ends[i]] = true;
        }
        remaining.Any().ShouldBeFalse();
        looks.ShouldBeLessThanOrEqualTo(3 * Count);
    }

    [Fact]
    public void What_begins_to_hold_again_is_found()
    {
        bool[] holds = [true, true, false];
        var remaining = new Remaining<int>([0, 1, 2], i => holds[i]);
        remaining.Any().ShouldBeTrue();
        holds[0] = false;
        remaining.Any().ShouldBeTrue();
        holds[1] = false;
        holds[0] = true;
        remaining.Any().ShouldBeTrue();
        holds[0] = false;
        remaining.Any().ShouldBeFalse();
        new Remaining<int>([], _ => true).Any().ShouldBeFalse();
    }
}
