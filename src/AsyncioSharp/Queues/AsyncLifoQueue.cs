namespace AsyncioSharp;

/// <summary>An <see cref="AsyncQueue{T}"/> that gives the item that was put last: asyncio's <c>LifoQueue</c>.</summary>
/// <typeparam name="T">The kind of items.</typeparam>
/// <param name="capacity">How many items it can hold; 0 for any number.</param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
public sealed class AsyncLifoQueue<T>(int capacity = 0) : AsyncQueue<T>(capacity, new LifoStore<T>());
