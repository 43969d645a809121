namespace AsyncioSharp;

/// <summary>
/// Runs the steps of coroutines that stand in the ready queue in the place of their tasks, which nobody has seen and which are not there yet. Such a coroutine
/// refers to it until the task is made. See <see cref="Coroutine.BecomeUnseen"/>.
/// </summary>
internal interface ICoroutineOwner
{
    /// <summary>Runs the next step of a coroutine whose turn it is.</summary>
    void RunStep(Coroutine coroutine);

    /// <summary>Somebody looks: has the tasks made, and put where the coroutines stand.</summary>
    void SeeTasks();
}
