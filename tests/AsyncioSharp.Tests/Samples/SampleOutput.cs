using System.Text;
using System.Text.RegularExpressions;

namespace AsyncioSharp.Tests.Samples;

/// <summary>
/// Compares what a sample printed with its expected file, line by line. What differs from run to run is written as a placeholder:
/// <c>{time}</c> for 17:13:52, <c>{datetime}</c> for a date and a time of day, <c>{*}</c> for any text within the line.
/// </summary>
public static partial class SampleOutput
{
    /// <summary>Null if the output is as expected, otherwise both texts and the first line that does not fit.</summary>
    public static string? Difference(string expected, string actual)
    {
        var (wanted, got) = (Lines(expected), Lines(actual));
        for (var i = 0; i < Math.Max(wanted.Length, got.Length); i++)
        {
            if (i >= wanted.Length || i >= got.Length || !Matches(wanted[i], got[i]))
            {
                return $"line {i + 1} is {Show(got, i)}, expected {Show(wanted, i)}\n--- expected\n{string.Join('\n', wanted)}\n--- printed\n{string.Join('\n', got)}\n---";
            }
        }

        return null;
    }

    private static string Show(string[] lines, int index) => index < lines.Length ? $"'{lines[index]}'" : "missing";

    private static bool Matches(string expected, string actual)
    {
        if (!expected.Contains('{'))
            return expected == actual;

        var pattern = new StringBuilder("^");
        foreach (var part in Placeholder().Split(expected))
        {
            pattern.Append(part switch
            {
                "{time}" => @"\d{1,2}:\d{2}:\d{2}",
                "{datetime}" => @"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[ T]\d{1,2}:\d{2}:\d{2}(\.\d+)?( ?[AaPp]\.?[Mm]\.?)?",
                "{*}" => ".*",
                _ => Regex.Escape(part),
            });
        }

        return Regex.IsMatch(actual, pattern.Append('$').ToString(), RegexOptions.CultureInvariant);
    }

    /// <summary>Lines without the blanks at their ends; whether the last one is ended makes no difference.</summary>
    private static string[] Lines(string text) => text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Select(line => line.TrimEnd()).ToArray();

    [GeneratedRegex(@"(\{time\}|\{datetime\}|\{\*\})")]
    private static partial Regex Placeholder();
}
