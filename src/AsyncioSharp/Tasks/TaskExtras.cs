using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// What most tasks have not, behind one reference: nothing; the context that the task runs in, if that is not the empty one; or
/// <see cref="TaskDetails"/>, which has the context then. Costs a test of an exact type to whoever asks.
/// </summary>
internal struct TaskExtras
{
    private object? _value; // null, Context or TaskDetails

    /// <summary>True if there is neither a context nor anything else.</summary>
    internal readonly bool AreNone => _value is null;

    /// <summary>The details; null for none.</summary>
    internal readonly TaskDetails? Details => _value as TaskDetails;

    /// <summary>The context; null for the empty one.</summary>
    internal Context? Context
    {
        readonly get => _value is TaskDetails details ? details.Context : (Context?)_value;
        set
        {
            if (_value is TaskDetails details)
            {
                details.Context = value;
            }
            else
            {
                _value = value;
            }
        }
    }

    /// <summary>The details, made if need be.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
    internal TaskDetails NeedDetails()
    {
        if (_value is not TaskDetails details)
        {
            details = new TaskDetails { Context = (Context?)_value };
            _value = details;
        }
        return details;
    }
}
