using System.Globalization;

namespace AsyncioSharp.Benchmarks;

/// <summary>The line in which a measuring process tells its result: <c>key=value</c> pairs.</summary>
internal static class ResultLine
{
    /// <summary>The numbers in it.</summary>
    internal static IReadOnlyDictionary<string, double> Parse(string output)
    {
        var numbers = new Dictionary<string, double>();
        foreach (string pair in output.Trim().Split('\n')[^1].Split(' '))
        {
            int sign = pair.IndexOf('=', StringComparison.Ordinal);
            if (sign > 0 && double.TryParse(pair[(sign + 1)..], CultureInfo.InvariantCulture, out double number))
            {
                numbers[pair[..sign]] = number;
            }
        }
        return numbers;
    }
}
