namespace AsyncioSharp;

/// <summary>How one child of <c>GatherOutcomes</c> ended: with a value, or with an exception (a <see cref="CancelledException"/> if it was cancelled).</summary>
/// <typeparam name="T">The kind of value.</typeparam>
public readonly struct Outcome<T> : IEquatable<Outcome<T>>
{
    private readonly T? _value;
    private readonly object? _failure; // an exception; or the cancelled future, whose exception is made when somebody asks

    internal Outcome(T? value, Exception? exception)
    {
        _value = value;
        _failure = exception;
    }

    internal Outcome(Future cancelled)
    {
        _value = default;
        _failure = cancelled;
    }

    /// <summary>True if there is a value.</summary>
    public bool IsSuccess => _failure is null;

    /// <summary>
    /// True if the child was cancelled. <see cref="Exception"/> is a <see cref="CancelledException"/> then, which asking here does not create.
    /// </summary>
    public bool IsCancelled => _failure is Future;

    /// <summary>The value; throws the exception if there is one.</summary>
    public T Value
    {
        get
        {
            if (Exception is { } exception)
            {
                Rethrow.Throw(exception);
            }
            return _value!;
        }
    }

    /// <summary>The exception, or null. That of a cancellation is created when somebody asks for it: here, by a text, a comparison or a hash.</summary>
    public Exception? Exception => _failure is Future cancelled ? cancelled.Cancellation() : (Exception?)_failure;

    /// <summary>Compares values and exceptions.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True if both are the same.</returns>
    public static bool operator ==(Outcome<T> left, Outcome<T> right) => left.Equals(right);

    /// <summary>Compares values and exceptions.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True if they differ.</returns>
    public static bool operator !=(Outcome<T> left, Outcome<T> right) => !left.Equals(right);

    /// <summary>Takes both apart; <paramref name="value"/> is the default if there is an exception.</summary>
    /// <param name="value">The value.</param>
    /// <param name="exception">The exception, or null.</param>
    public void Deconstruct(out T? value, out Exception? exception) => (value, exception) = (_value, Exception);

    /// <inheritdoc/>
    public bool Equals(Outcome<T> other) => EqualityComparer<T>.Default.Equals(_value, other._value) && ReferenceEquals(Exception, other.Exception);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Outcome<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_value, Exception);

    /// <summary>The value, or the exception's type and message.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Exception is { } exception ? TextForm.Describe(exception) : TextForm.Short(_value);
}
