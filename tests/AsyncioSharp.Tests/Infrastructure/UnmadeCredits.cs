using System.Reflection;

namespace AsyncioSharp.Tests.Infrastructure;

/// <summary>For tests of tasks that nobody has seen: whether such are left out depends on what other coroutines of the method have done before, perhaps in another test.</summary>
internal static class UnmadeCredits
{
    /// <summary>Gives back <paramref name="coroutine"/>; those of its method are tried anew.</summary>
    internal static Coroutine<T> Anew<T>(this Coroutine<T> coroutine)
    {
        var machine = coroutine.GetType().GetGenericArguments()[0];
        typeof(StateMachineInfo<>).MakeGenericType(machine).GetField("Unmade", BindingFlags.Static | BindingFlags.NonPublic)!.SetValue(null, default(UnmadeCredit));
        return coroutine;
    }
}
