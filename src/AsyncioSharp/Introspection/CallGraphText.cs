using System.Text;

namespace AsyncioSharp;

/// <summary>An await graph as text. A node that was shown before is only named again, and very deep levels are not indented further: the text is as large as the graph.</summary>
internal static class CallGraphText
{
    private const int Indentation = 4;
    private const int MostLevels = 32;

    internal static string Of(FutureCallGraph start)
    {
        var text = new StringBuilder();
        var shown = new HashSet<FutureCallGraph>(ReferenceEqualityComparer.Instance);
        var open = new Stack<(FutureCallGraph Node, int Level)>();
        open.Push((start, 0));
        while (open.TryPop(out var next))
        {
            var (node, level) = next;
            string indent = new(' ', Indentation * Math.Min(level, MostLevels));
            bool isNew = shown.Add(node);
            text.Append(indent).Append("* ").Append(Name(node.Future)).AppendLine(isNew ? "" : " ... see above");
            if (!isNew)
            {
                continue;
            }
            if (node.CallStack.Count > 0)
            {
                text.Append(indent).AppendLine("  + Call stack:");
                foreach (var frame in node.CallStack)
                {
                    text.Append(indent).Append("  |   ").Append(frame).AppendLine("()");
                }
            }
            if (node.AwaitedBy.Count > 0)
            {
                text.Append(indent).AppendLine("  + Awaited by:");
                for (int i = node.AwaitedBy.Count - 1; i >= 0; i--)
                {
                    open.Push((node.AwaitedBy[i], level + 1));
                }
            }
        }
        return text.ToString().TrimEnd();
    }

    private static string Name(Future future) => future is CoroutineTask task
        ? $"{task.Kind}(name={TextForm.Quoted(task.Name)}, id={FutureNumbers.Of(task)}{(task.Identity == task ? "" : ", for an async method")})"
        : $"{future.Kind}(id={FutureNumbers.Of(future)})";
}
