namespace AsyncioSharp.Oracle.Generation;

/// <summary>SplitMix64: a seed gives the same numbers on every machine and with every version of .NET, which <see cref="Random"/> does not promise.</summary>
/// <param name="seed">Any number.</param>
internal sealed class SplitMix(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A number from zero to below the limit. The limits here are small, so the remainder's bias is far below what a weight could show.</summary>
    public int Next(int limit)
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)limit);
    }

    public bool Chance(int percent) => Next(100) < percent;

    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    /// <summary>One of the keys, each as likely as its weight says.</summary>
    public string Weighted(IReadOnlyDictionary<string, int> weights)
    {
        int at = Next(weights.Values.Sum());
        foreach (var (key, weight) in weights)
        {
            if ((at -= weight) < 0)
                return key;
        }
        throw new InvalidOperationException("weights must be positive");
    }
}
