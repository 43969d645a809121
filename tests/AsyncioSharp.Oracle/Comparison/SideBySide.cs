using System.Text;

namespace AsyncioSharp.Oracle.Comparison;

/// <summary>Two traces beside each other, with a mark where they differ.</summary>
public static class SideBySide
{
    private const int Width = 60;

    /// <summary>Lays them out.</summary>
    /// <param name="ours">AsyncioSharp's trace.</param>
    /// <param name="expected">What it was to be.</param>
    /// <returns>Text of several lines.</returns>
    public static string Of(IReadOnlyList<string> ours, IReadOnlyList<string> expected)
    {
        var text = new StringBuilder();
        text.AppendLine($"    {"AsyncioSharp",-Width} | expected");
        for (int i = 0; i < Math.Max(ours.Count, expected.Count); i++)
        {
            var left = i < ours.Count ? ours[i] : "";
            var right = i < expected.Count ? expected[i] : "";
            text.AppendLine($"{(left == right ? "   " : ">>>")} {left,-Width} | {right}");
        }
        return text.ToString();
    }
}
