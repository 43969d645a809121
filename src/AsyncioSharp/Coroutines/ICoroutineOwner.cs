namespace AsyncioSharp;

/// <summary>
/// Runs the step of a coroutine that stands in the ready queue in the place of its task. The coroutine refers to it as long as it stands there. See
/// <see cref="Coroutine.StandFor"/>.
/// </summary>
internal interface ICoroutineOwner
{
    /// <summary>Runs the next step of a coroutine whose turn it is.</summary>
    void RunStep(Coroutine coroutine);

    /// <summary>Has tasks made, and puts them in the places of their coroutines; does nothing in another thread than the loop's.</summary>
    void MakeTasks();
}
