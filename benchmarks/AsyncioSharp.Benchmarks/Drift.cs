using System.Globalization;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// A figure that is taken again and again of something that ought to stay as it is. It has drifted if the median of the last third of its samples is above a limit that is made of
/// the median of the first third: that many times it, and something more, which a short run needs, whose code is still being compiled.
/// </summary>
/// <param name="name">What it is, with its unit.</param>
/// <param name="times">How many times the first third the last one may be,</param>
/// <param name="plus">and how much more.</param>
internal sealed class Drift(string name, double times, double plus)
{
    private readonly List<double> _samples = [];

    internal void Add(double sample) => _samples.Add(sample);

    /// <summary>Tells of both thirds and the limit. False if the figure has drifted.</summary>
    internal bool Judge(TextWriter output)
    {
        int third = Math.Max(1, _samples.Count / 3);
        double first = Median(_samples.Take(third));
        double last = Median(_samples.TakeLast(third));
        double limit = (first * times) + plus;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {first:F1} in the first third, {last:F1} in the last; {(last > limit ? "DRIFTED" : "steady")} (limit {limit:F1}: {times} times the first and {plus})"));
        return last <= limit;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
