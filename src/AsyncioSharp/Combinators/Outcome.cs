namespace AsyncioSharp;

/// <summary>How one child of <c>GatherOutcomes</c> ended: with a value, or with an exception (a <see cref="CancelledException"/> if it was cancelled).</summary>
/// <typeparam name="T">The kind of value.</typeparam>
public readonly struct Outcome<T> : IEquatable<Outcome<T>>
{
    private readonly T? _value;

    internal Outcome(T? value, Exception? exception)
    {
        _value = value;
        Exception = exception;
    }

    /// <summary>True if there is a value.</summary>
    public bool IsSuccess => Exception is null;

    /// <summary>The value; throws the exception if there is one.</summary>
    public T Value
    {
        get
        {
            if (Exception is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(Exception);
            }
            return _value!;
        }
    }

    /// <summary>The exception, or null.</summary>
    public Exception? Exception { get; }

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
    public override string ToString() => Exception is null ? TextForm.Short(_value) : TextForm.Describe(Exception);
}
