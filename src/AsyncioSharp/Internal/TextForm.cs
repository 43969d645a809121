using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace AsyncioSharp;

/// <summary>How values look inside the texts of futures, tasks and handles: short, on one line, and never failing.</summary>
internal static class TextForm
{
    private const int MaximumText = 30;
    private const int MaximumItems = 6;
    private const int MaximumPairs = 4;
    private const int MaximumDepth = 10;

    [ThreadStatic]
    private static HashSet<object>? t_open; // what is being rendered, to stop at a future inside its own result

    /// <summary>The short text of a value, as Python's <c>reprlib</c> would shorten it.</summary>
    internal static string Short(object? value)
    {
        try
        {
            return value switch
            {
                null => "null",
                string text => Quote(text),
                bool flag => flag ? "true" : "false",
                IDictionary pairs => "{" + Join(Entries(pairs), MaximumPairs, Pair) + "}",
                ICollection items => "[" + Join(items.Cast<object?>(), MaximumItems, Short) + "]",
                IEnumerable items when IsSet(items.GetType()) => "{" + Join(items.Cast<object?>(), MaximumItems, Short) + "}",
                Exception exception => Describe(exception),
                IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
                _ => value.ToString() ?? value.GetType().Name,
            };
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            // Somebody else's ToString or enumerator; a report must not be lost to it.
            return $"<{value!.GetType().Name}: ToString failed with {e.GetType().Name}>";
        }
    }

    /// <summary><c>TypeName('message')</c>, not shortened.</summary>
    internal static string Describe(Exception exception) => $"{exception.GetType().Name}('{MessageOf(exception)}')";

    /// <summary>The message; where asking for it fails, that.</summary>
    internal static string MessageOf(Exception exception)
    {
        try
        {
            return exception.Message;
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            return $"<Message failed with {e.GetType().Name}>";
        }
    }

    /// <summary>Runs <paramref name="render"/> unless <paramref name="owner"/> is being rendered already; then the text is <c>...</c>.</summary>
    internal static string Guarded<T>(T owner, Func<T, string> render)
        where T : class
    {
        var open = t_open ??= new HashSet<object>(ReferenceEqualityComparer.Instance);
        if (open.Count == MaximumDepth || !open.Add(owner))
        {
            return "...";
        }
        try
        {
            return render(owner);
        }
        finally
        {
            open.Remove(owner);
        }
    }

    /// <summary>A text in quotes, on one line, not shortened.</summary>
    internal static string Quoted(string text)
        => "'" + text.Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal) + "'";

    // There is no common face of sets that does not name the type of their items.
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "A set whose interfaces were trimmed away shows the name of its type.")]
    private static bool IsSet(Type type)
        => type.GetInterfaces().Any(static shape => shape.IsGenericType && shape.GetGenericTypeDefinition() == typeof(IReadOnlySet<>));

    private static string Quote(string text)
    {
        string quoted = Quoted(text);
        if (quoted.Length <= MaximumText)
        {
            return quoted;
        }
        int head = (MaximumText - 3) / 2;
        return quoted[..head] + "..." + quoted[^(MaximumText - 3 - head)..];
    }

    // By way of its own enumerator: the one for foreach gives a generic dictionary's pairs as another type.
    private static IEnumerable<object?> Entries(IDictionary pairs)
    {
        var entries = pairs.GetEnumerator();
        while (entries.MoveNext())
        {
            yield return entries.Entry;
        }
    }

    private static string Pair(object? pair) => pair is DictionaryEntry entry ? $"{Short(entry.Key)}: {Short(entry.Value)}" : Short(pair);

    private static string Join(IEnumerable<object?> items, int maximum, Func<object?, string> render)
    {
        var texts = new List<string>();
        foreach (object? item in items)
        {
            if (texts.Count == maximum)
            {
                texts.Add("...");
                break;
            }
            texts.Add(render(item));
        }
        return string.Join(", ", texts);
    }
}
