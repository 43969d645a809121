using System.Diagnostics;

namespace AsyncioSharp;

/// <summary>What a loop's exception handler is told: Python's dictionary <c>context</c>, with a property for every key.</summary>
public sealed partial class ExceptionContext
{
    private readonly SortedDictionary<string, object> _entries = new(StringComparer.Ordinal);

    /// <summary>What happened.</summary>
    public string? Message { get; init; }

    /// <summary>The exception, or null.</summary>
    public Exception? Exception { get; init; }

    /// <summary>The handle whose callback failed, or null.</summary>
    public Handle? Handle
    {
        get => (Handle?)this["handle"];
        init
        {
            this["handle"] = value;
            RunIn ??= value?.Context;
        }
    }

    /// <summary>Where the failed thing was made, in debug mode; else null.</summary>
    public StackTrace? SourceTraceback
    {
        get => (StackTrace?)this["source_traceback"];
        init => this["source_traceback"] = value;
    }

    /// <summary>The async iterator that failed to close, or null.</summary>
    public object? AsyncGenerator
    {
        get => this["asyncgen"];
        init => this["asyncgen"] = value;
    }

    /// <summary>The report that a failing exception handler was called with, or null.</summary>
    public ExceptionContext? Context
    {
        get => (ExceptionContext?)this["context"];
        init => this["context"] = value;
    }

    /// <summary>Everything but message and exception, by Python's names in alphabetical order; nulls left out.</summary>
    public IReadOnlyDictionary<string, object> Entries => _entries;

    /// <summary>What the default handler's entry in the log is about.</summary>
    internal LogEvent Event { get; init; } = LogEvent.UnhandledFailure;

    /// <summary>The context variables with which the handler is to run; null for those in force.</summary>
    internal Context? RunIn { get; init; }

    internal object? this[string key]
    {
        get => _entries.GetValueOrDefault(key);
        init
        {
            if (value is not null)
            {
                _entries[key] = value;
            }
        }
    }

    /// <summary>The message and the keys.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
        => $"{{message={TextForm.Short(Message)}"
            + $"{(Exception is null ? "" : $", exception={TextForm.Describe(Exception)}")}"
            + $"{string.Concat(_entries.Keys.Select(static key => ", " + key))}}}";
}
