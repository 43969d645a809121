namespace AsyncioSharp;

/// <summary>
/// What failed in a <c>TaskGroup</c>: the failures of its tasks, in the order in which they came, and last that of its body. Python's
/// <c>ExceptionGroup</c>.
/// </summary>
/// <remarks>
/// It is an <see cref="AggregateException"/>, so <see cref="AggregateException.Handle"/> does what <c>except*</c> does in Python, and
/// <see cref="AggregateException.Flatten"/> looks through nested groups. It has a name of its own so that the failure of a group can be told
/// from an <see cref="AggregateException"/> that one of the tasks threw. A group inside a group is one entry of the outer group's exception.
/// </remarks>
public sealed class TaskGroupException : AggregateException
{
    private const string Text = "Unhandled errors in a TaskGroup.";

    /// <summary>Creates the exception.</summary>
    /// <param name="failures">What failed.</param>
    /// <exception cref="ArgumentNullException"><paramref name="failures"/> is null.</exception>
    public TaskGroupException(params IEnumerable<Exception> failures)
        : base(Text, failures ?? throw new ArgumentNullException(nameof(failures)))
    {
    }

    /// <summary>What it is, and the messages of all failures: also if that of one of them cannot be had.</summary>
    public override string Message => string.Join(' ', InnerExceptions.Select(static failure => $"({TextForm.MessageOf(failure)})").Prepend(Text));

    /// <summary>The message, the failures and the traces.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => TextForm.Whole(this, base.ToString);
}
