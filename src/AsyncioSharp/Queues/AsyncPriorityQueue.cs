namespace AsyncioSharp;

/// <summary>
/// An <see cref="AsyncQueue{T}"/> that gives the smallest item, and of equal ones the one that was put first: asyncio's <c>PriorityQueue</c>, whose order among
/// equal items is undefined. Putting and getting cost O(log n).
/// </summary>
/// <typeparam name="T">The kind of items, for instance a tuple of a priority and a value.</typeparam>
/// <param name="capacity">How many items it can hold; 0 for any number.</param>
/// <param name="comparer">The order; null for the items' own. What it throws, putting or getting throws, and the queue stays as it was.</param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
public sealed class AsyncPriorityQueue<T>(int capacity = 0, IComparer<T>? comparer = null) : AsyncQueue<T>(capacity, new PriorityStore<T>(comparer ?? Comparer<T>.Default));
