namespace AsyncioSharp;

/// <summary>
/// Finds the statement in which a state machine is suspended: the last one that begins at or before the suspension. A statement of several lines is
/// known by its first. The arms of a switch expression are the exception: their points stand behind the awaits in them.
/// </summary>
internal static class StatementFinder
{
    /// <summary>Where the body begins. An opening brace, which only unoptimised code has, does not count.</summary>
    internal static SourcePosition? First(IReadOnlyList<StatementPoint> points)
    {
        StatementPoint? first = null;
        foreach (var point in points)
        {
            if (!point.IsHidden)
            {
                first ??= point;
                if (!point.IsBrace)
                {
                    return Position(point);
                }
            }
        }
        return Position(first);
    }

    /// <summary>Where the suspension at <paramref name="offset"/> comes from.</summary>
    internal static SourcePosition? At(int offset, IReadOnlyList<StatementPoint> points, IReadOnlyList<Branch> branches)
    {
        StatementPoint? before = null;
        foreach (var point in points)
        {
            if (point.IsHidden)
            {
                continue;
            }
            if (point.Offset <= offset)
            {
                before = point;
                continue;
            }
            var wholes = Enclosing(point, points);
            if (wholes.Count > 0 || before is null)
            {
                // The next statement is a part of one that has begun: an arm. If no branch leads past it, the choice of the arm is made already
                // and the await is in it. Otherwise what is chosen by is awaited, or something else in front: in the arm around, or in the statement as a
                // whole. A choice that is made when the program is compiled leaves no point for that statement in optimised code.
                return Position(wholes.Append(point).Reverse().FirstOrDefault(part => part.Offset <= offset
                    || !branches.Any(branch => branch.Offset >= offset && branch.Offset < point.Offset && branch.Target > part.Offset), point));
            }
            break;
        }
        // Behind an arm the statement as a whole goes on.
        return Position(before is { } last && Enclosing(last, points).Find(whole => whole.Offset <= offset) is { File: not null } outermost ? outermost : before);
    }

    // The statements that have the other as a part, outermost first.
    private static List<StatementPoint> Enclosing(StatementPoint inner, IReadOnlyList<StatementPoint> points)
        => [.. points.Where(point => point.Encloses(inner)).OrderBy(static point => point.Start.Line).ThenBy(static point => point.Start.Column)];

    private static SourcePosition? Position(StatementPoint? point) => point is { File: { } file } ? new SourcePosition(file, point.Value.Start.Line) : null;
}
