using System.Globalization;

namespace AsyncioSharp.Testing;

/// <summary>
/// Which schedule: a seed, from which every decision follows by its number, and the numbers of the decisions that count; in all others the plain
/// order holds. Its text is the seed, or <c>seed@number,number</c>.
/// </summary>
internal sealed record SchedulePlan(int Seed, HashSet<int>? Only = null)
{
    public override string ToString()
        => Seed.ToString(CultureInfo.InvariantCulture) + (Only is null ? "" : "@" + string.Join(',', Only.Order()));

    internal static SchedulePlan Parse(string schedule)
    {
        string[] parts = schedule.Split('@');
        var only = new HashSet<int>();
        bool isValid = int.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int seed) && parts.Length <= 2;
        foreach (string number in parts.Length == 2 ? parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries) : [])
        {
            isValid &= int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int decision) && only.Add(decision);
        }
        return isValid
            ? new SchedulePlan(seed, parts.Length == 2 ? only : null)
            : throw new ArgumentException($"'{schedule}' is not a schedule; one looks like 17 or 17@4,9, as a ScheduleFailedException gives it.", nameof(schedule));
    }

    /// <summary>Whether a decision of this number is taken at all.</summary>
    internal bool Counts(int decision) => Only is null || Only.Contains(decision);

    /// <summary>Bits that look random and depend on nothing but the seed and the number (SplitMix64).</summary>
    internal ulong Bits(int decision)
    {
        ulong z = ((ulong)(uint)Seed << 32) + (uint)decision;
        z *= 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
