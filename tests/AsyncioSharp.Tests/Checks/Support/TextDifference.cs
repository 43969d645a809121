using System.Globalization;
using System.Text;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>The lines by which two texts differ, for the message of a failed comparison.</summary>
public static class TextDifference
{
    /// <summary>Missing lines with '-', additional ones with '+', each run of them under the number of the expected line at which it begins.</summary>
    public static string Of(string expected, string actual)
    {
        var (old, now) = (Lines(expected), Lines(actual));

        // Length of the longest common subsequence of the two tails, from every pair of positions.
        var common = new int[old.Length + 1, now.Length + 1];
        for (var i = old.Length - 1; i >= 0; i--)
        {
            for (var j = now.Length - 1; j >= 0; j--)
                common[i, j] = old[i] == now[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }

        var text = new StringBuilder();
        var inRun = false;
        for (int i = 0, j = 0; i < old.Length || j < now.Length;)
        {
            if (i < old.Length && j < now.Length && old[i] == now[j])
            {
                (i, j, inRun) = (i + 1, j + 1, false);
                continue;
            }

            if (!inRun)
                text.Append(CultureInfo.InvariantCulture, $"  line {i + 1}\n");
            inRun = true;
            if (j >= now.Length || (i < old.Length && common[i + 1, j] >= common[i, j + 1]))
                text.Append("- ").Append(old[i++]).Append('\n');
            else
                text.Append("+ ").Append(now[j++]).Append('\n');
        }

        return text.ToString().TrimEnd('\n');
    }

    private static string[] Lines(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }
}
