namespace AsyncioSharp;

/// <summary>
/// A variable whose value belongs to the context in which code runs: Python's <c>contextvars.ContextVar</c>. Every task has its own context;
/// a coroutine that is awaited directly shares its caller's, so what it sets the caller sees.
/// </summary>
/// <typeparam name="T">The kind of value.</typeparam>
public sealed class ContextVar<T>
{
    private readonly AsyncLocal<Holder?> _local = new();
    private readonly Holder? _default;

    /// <summary>Creates a variable without a default.</summary>
    /// <param name="name">Its name, for messages.</param>
    public ContextVar(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Name = name;
    }

    /// <summary>Creates a variable with a default.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="defaultValue">What <see cref="Get()"/> gives where nothing was set.</param>
    public ContextVar(string name, T defaultValue)
        : this(name) => _default = new Holder(defaultValue);

    /// <summary>The name given at creation.</summary>
    public string Name { get; }

    /// <summary>The value in the current context, or the variable's default. Mirrors <c>ContextVar.get()</c>.</summary>
    /// <returns>The value.</returns>
    /// <exception cref="InvalidOperationException">Nothing was set here and there is no default (Python: <c>LookupError</c>).</exception>
    public T Get() => (_local.Value ?? _default
        ?? throw new InvalidOperationException($"Context variable '{Name}' has no value in this context. Set it, or create it with a default.")).Value;

    /// <summary>The value in the current context, or <paramref name="fallback"/> where nothing was set. Mirrors <c>ContextVar.get(default)</c>.</summary>
    /// <param name="fallback">What to give where nothing was set; wins over the variable's default.</param>
    /// <returns>The value.</returns>
    public T Get(T fallback) => _local.Value is { } holder ? holder.Value : fallback;

    /// <summary>Sets the value in the current context. Mirrors <c>ContextVar.set</c>.</summary>
    /// <param name="value">The new value.</param>
    /// <returns>A token with which <see cref="Reset"/> restores what was there before.</returns>
    public Token Set(T value)
    {
        var token = new Token(this, _local.Value);
        _local.Value = new Holder(value);
        return token;
    }

    /// <summary>Restores what was there before the <see cref="Set"/> that gave <paramref name="token"/>. Mirrors <c>ContextVar.reset</c>.</summary>
    /// <param name="token">A token of this variable that was not used yet.</param>
    /// <exception cref="ArgumentException">The token belongs to another variable (Python: <c>ValueError</c>).</exception>
    /// <exception cref="InvalidOperationException">The token was used already (Python: <c>RuntimeError</c>).</exception>
    public void Reset(Token token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Variable != this)
        {
            throw new ArgumentException($"The token was made by context variable '{token.Variable.Name}', not by '{Name}'.", nameof(token));
        }
        _local.Value = token.Use();
    }

    /// <summary>The name, and the default if there is one.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => _default is null ? $"<ContextVar name='{Name}'>" : $"<ContextVar name='{Name}' default={_default.Value}>";

    /// <summary>What <see cref="Set"/> gives, to undo it. Mirrors <c>contextvars.Token</c>.</summary>
    public sealed class Token
    {
        private readonly Holder? _old;
        private bool _used;

        internal Token(ContextVar<T> variable, Holder? old)
        {
            Variable = variable;
            _old = old;
        }

        /// <summary>The variable that was set.</summary>
        public ContextVar<T> Variable { get; }

        /// <summary>The variable, and whether the token was used.</summary>
        /// <returns>For instance <c>&lt;Token used var=&lt;ContextVar name='request'&gt;&gt;</c>.</returns>
        public override string ToString() => $"<Token{(_used ? " used" : "")} var={Variable}>";

        internal Holder? Use()
        {
            if (_used)
            {
                throw new InvalidOperationException($"The token of context variable '{Variable.Name}' has already been used once.");
            }
            _used = true;
            return _old;
        }
    }

    // Tells "set to null" from "never set".
    internal sealed record Holder(T Value);
}
