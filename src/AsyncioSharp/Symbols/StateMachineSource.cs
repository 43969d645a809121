using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Says of a state machine made by the compiler at which line it is suspended and on what. Worked out once for each type, when first asked:
/// from the code comes which state is set where, from the PDB which line that is. Without a PDB there are no lines, without code nothing is known;
/// it never throws.
/// </summary>
/// <remarks>Types are held weakly. What is kept of one is two words for each of its suspensions.</remarks>
internal sealed class StateMachineSource
{
    private static readonly ConditionalWeakTable<Type, StateMachineSource> s_known = new();

    private readonly FieldInfo? _state;
    private readonly Dictionary<int, (SourcePosition? Position, FieldInfo? Awaiter)> _suspensions = [];

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "A machine that exists has the method and the fields; if they cannot be seen, nothing is known of it.")]
    private StateMachineSource(Type type)
    {
        const BindingFlags Members = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        _state = type.GetField(StateMachineCode.StateField, Members);
        if (_state is null || type.GetMethod("MoveNext", Members, []) is not { } moveNext)
        {
            return;
        }
        var code = new StateMachineCode(moveNext);
        bool isOwn = type.Assembly == typeof(StateMachineSource).Assembly;
        var points = isOwn ? [] : SymbolFile.PointsOf(moveNext); // the lines of this library are no use to its user
        Start = StatementFinder.First(points);
        foreach (var suspension in code.Suspensions)
        {
            var position = StatementFinder.At(suspension.Offset, points, code.Branches);
            _suspensions.TryAdd(suspension.State, (position, suspension.Awaiter is null ? null : type.GetField(suspension.Awaiter, Members)));
        }
    }

    /// <summary>The first line of the body, if known.</summary>
    internal SourcePosition? Start { get; }

    /// <summary>What is known of machines of <paramref name="type"/>.</summary>
    internal static StateMachineSource Of(Type type) => s_known.GetValue(type, static type =>
    {
        try
        {
            return new StateMachineSource(type);
        }
        catch (Exception)
        {
            return new StateMachineSource(); // code that refers to what is not there, or a runtime that shows none
        }
    });

    private StateMachineSource()
    {
    }

    /// <summary>The line at which <paramref name="machine"/> is suspended; null if that is unknown, or it is not suspended.</summary>
    internal SourcePosition? PositionOf(object machine) => Find(machine).Position;

    /// <summary>The awaiter that <paramref name="machine"/> is suspended on; null likewise.</summary>
    internal object? AwaiterOf(object machine) => Find(machine).Awaiter?.GetValue(machine);

    private (SourcePosition? Position, FieldInfo? Awaiter) Find(object machine)
        => _state?.GetValue(machine) is int state ? _suspensions.GetValueOrDefault(state) : default;
}
