namespace AsyncioSharp;

/// <summary>
/// What a <see cref="Coroutine{T}"/> without a value is a coroutine of, if it has to be one: null for all who ask. A byte, for which a coroutine has room where a
/// reference would make it larger; and code for it is its own, not that which all classes share.
/// </summary>
internal readonly struct NoValue;
