using System.Diagnostics.CodeAnalysis;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>Whose line of a trace it is: a coroutine's or a callback's id.</summary>
/// <param name="Id">The id, which the scenario gives.</param>
internal sealed record Frame(string Id);

/// <summary>What all coroutines and callbacks of one run share: the loop, the trace, and the slots with their labels.</summary>
internal sealed class Machine(EventLoop loop, List<string> lines)
{
    private readonly Dictionary<object, string> _labels = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, ContextVar<object?>> _variables = [];

    public EventLoop Loop => loop;

    /// <summary>What the scenario keeps by name: awaitables, iterators and handles.</summary>
    public Dictionary<string, object> Slots { get; } = [];

    /// <summary>Futures that the scenario may complete.</summary>
    public HashSet<Future> Plain { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Done callbacks by id, so that one id is one delegate.</summary>
    public Dictionary<string, Action<Future>> Callbacks { get; } = [];

    public Dictionary<string, ContextVar<object?>.Token> Tokens { get; } = [];

    /// <summary>Tasks with a label, in the order in which they got it.</summary>
    public List<CoroutineTask> Labelled { get; } = [];

    public void Emit(Frame frame, string text)
    {
        var task = Asyncio.CurrentTask(loop);
        lines.Add($"{Texts.Of(loop.Time)} {(task is null ? "-" : Label(task))}/{frame.Id} {text}");
    }

    public string Label(object thing) => _labels.GetValueOrDefault(thing, "~");

    public bool HasLabel(object thing) => _labels.ContainsKey(thing);

    /// <summary>Puts something into a slot. The first slot it is put into is its label for ever.</summary>
    public void Name(string slot, object thing)
    {
        Slots[slot] = thing;
        if (_labels.TryAdd(thing, slot) && thing is CoroutineTask task)
            Labelled.Add(task);
    }

    public ContextVar<object?> Variable(string name)
    {
        if (!_variables.TryGetValue(name, out var variable))
            _variables.Add(name, variable = new ContextVar<object?>(name));
        return variable;
    }

    /// <summary>What a slot holds, if it is of this kind; "self" is the task that runs.</summary>
    public bool TryFind<T>(string slot, [NotNullWhen(true)] out T? thing)
        where T : class
    {
        thing = (slot == "self" ? Asyncio.CurrentTask(loop) : Slots.GetValueOrDefault(slot)) as T;
        return thing is not null;
    }
}
