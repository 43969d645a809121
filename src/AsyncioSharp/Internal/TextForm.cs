using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

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
                ITuple parts => "(" + Join(Enumerable.Range(0, parts.Length).Select(i => parts[i]), MaximumItems, Short) + ")",
                ICollection items => "[" + Join(items.Cast<object?>(), MaximumItems, Short) + "]",
                IEnumerable items when IsSet(items.GetType()) => "{" + Join(items.Cast<object?>(), MaximumItems, Short) + "}",
                Exception exception => Describe(exception),
                IFormattable formattable => OnOneLine(formattable.ToString(null, CultureInfo.InvariantCulture)),
                _ => OnOneLine(value.ToString() ?? value.GetType().Name),
            };
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            return Failed(value!, e); // somebody else's ToString or enumerator
        }
    }

    /// <summary>Somebody's own text of a thing, not shortened. Where asking for it fails, what else can be told: no report may be lost to the thing that it is about.</summary>
    /// <param name="value">The thing.</param>
    /// <param name="own">What gives its own text; null for its <c>ToString</c>.</param>
    internal static string Whole(object? value, Func<string?>? own = null)
    {
        try
        {
            return (own is null ? value?.ToString() : own()) ?? "";
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            return value is Exception exception ? PartsOf(exception) : Failed(value!, e);
        }
    }

    /// <summary><c>TypeName('message')</c>, not shortened.</summary>
    internal static string Describe(Exception exception) => $"{exception.GetType().Name}({Quoted(MessageOf(exception))})";

    /// <summary>The message; where asking for it fails, that.</summary>
    internal static string MessageOf(Exception exception) => PartOf(exception, nameof(exception.Message), static exception => exception.Message);

    // About as .NET writes an exception of which no part fails.
    private static string PartsOf(Exception exception)
    {
        var text = new StringBuilder($"{exception.GetType()}: {MessageOf(exception)}");
        IReadOnlyList<Exception> causes = exception is AggregateException several ? several.InnerExceptions : exception.InnerException is { } inner ? [inner] : [];
        foreach (var cause in causes)
        {
            text.AppendLine().Append(" ---> ").AppendLine(Whole(cause)).Append("   --- End of inner exception stack trace ---");
        }
        return text.AppendLine().Append(PartOf(exception, nameof(exception.StackTrace), static exception => exception.StackTrace)).ToString().TrimEnd();
    }

    private static string PartOf(Exception exception, string name, Func<Exception, string?> read)
    {
        try
        {
            return read(exception) ?? "";
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            return $"<{name} failed with {e.GetType().Name}>";
        }
    }

    private static string Failed(object value, Exception failure) => $"<{value.GetType().Name}: ToString failed with {failure.GetType().Name}>";

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

    /// <summary>
    /// A text in quotes, not shortened, as Python's <c>repr</c> writes it: on one line, and with nothing in it that a terminal would obey, or that could be taken
    /// for the end of the text.
    /// </summary>
    internal static string Quoted(string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        return quote + Escaped(text, quote) + quote;
    }

    /// <summary>Somebody's own text of a thing: as it is, but for what would leave the line.</summary>
    private static string OnOneLine(string text) => Escaped(text, null);

    private static string Escaped(string text, char? quote)
    {
        var escaped = new StringBuilder(text.Length);
        for (int at = 0; at < text.Length;)
        {
            int length = Rune.TryGetRuneAt(text, at, out var rune) ? rune.Utf16SequenceLength : 1;
            char first = text[at];
            _ = first switch
            {
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                '\\' when quote is not null => escaped.Append("\\\\"),
                _ when first == quote => escaped.Append('\\').Append(first),
                < ' ' or (>= '\x7f' and <= '\x9f') => escaped.Append(CultureInfo.InvariantCulture, $"\\x{(int)first:x2}"),
                _ when IsVisible(CharUnicodeInfo.GetUnicodeCategory(text, at)) => escaped.Append(text, at, length),
                _ when length == 1 => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)first:x4}"),
                _ => escaped.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
            };
            at += length;
        }
        return escaped.ToString();
    }

    // What changes the direction or the line, halves of a character, and what has no picture.
    private static bool IsVisible(UnicodeCategory category) => category is not (UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

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

    /// <summary>Who waits for a future: the first and the last.</summary>
    internal static string OfWaiters(IReadOnlyList<Runnable> waiters) => waiters.Count switch
    {
        0 => "",
        1 => $" cb=[{waiters[0].CallbackName}()]",
        2 => $" cb=[{waiters[0].CallbackName}(), {waiters[1].CallbackName}()]",
        var count => $" cb=[{waiters[0].CallbackName}(), <{count - 2} more>, {waiters[^1].CallbackName}()]",
    };
}
