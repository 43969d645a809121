namespace AsyncioSharp;

/// <summary>
/// What the functions of asyncio take, and what <c>await</c> takes in a coroutine: coroutines, futures and tasks. A class of your own
/// joins them by implementing <c>ICoroutineSource</c>.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1040", Justification = "It names a kind of thing in signatures; what it can do, the library's own classes know.")]
public interface IAwaitable;

/// <summary>An <see cref="IAwaitable"/> with a value.</summary>
/// <typeparam name="T">The kind of value.</typeparam>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1040", Justification = "As above.")]
public interface IAwaitable<out T> : IAwaitable;
