namespace AsyncioSharp;

/// <summary>Something to do with a coroutine whose kind of value only the coroutine itself knows.</summary>
/// <typeparam name="TOut">What comes of it.</typeparam>
internal interface ICoroutineVisitor<out TOut>
{
    TOut Visit(Coroutine coroutine);

    TOut Visit<T>(Coroutine<T> coroutine);
}
