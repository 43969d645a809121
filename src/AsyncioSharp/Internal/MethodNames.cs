namespace AsyncioSharp;

/// <summary>Turns the compiler's names back into those of the source, in Python's notation: <c>Class.Method.&lt;locals&gt;.Inner</c>.</summary>
internal static class MethodNames
{
    private const string Locals = ".<locals>";

    /// <summary>True for what this library declares, and the compiler made of it.</summary>
    internal static bool IsOwn(Type type) => type.Assembly == typeof(MethodNames).Assembly;

    /// <summary>
    /// The name of the method whose state machine, of an <c>async</c> method or an iterator, is <paramref name="type"/>. Of the library's own methods only what
    /// the user has called is told: the body of a public function is a local function of it, or a private overload.
    /// </summary>
    internal static string OfStateMachine(Type type)
    {
        // "<Main>d__1"; of a local function "<<Main>g__Inner|0_0>d"; of a lambda "<<Main>b__0>d".
        string name = type.Name;
        int close = name.LastIndexOf('>');
        string method = name.StartsWith('<') && close > 0 ? Demangle(name[1..close]) : name;
        if (!IsOwn(type))
        {
            return Qualify(type.DeclaringType, method);
        }
        string own = Qualify(type.DeclaringType, method);
        int locals = own.IndexOf(Locals, StringComparison.Ordinal);
        return locals < 0 ? own : own[..locals];
    }

    /// <summary>The name of the method that a delegate calls.</summary>
    internal static string Of(Delegate function)
    {
        var method = function.Method;
        return Qualify(method.DeclaringType, Demangle(method.Name));
    }

    /// <summary>The short name of a type, as C# would write it but for its keywords: <c>Task&lt;String&gt;</c>.</summary>
    internal static string OfType(Type type)
    {
        string name = Qualify(type.DeclaringType, type.Name.Split('`')[0]);
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(OfType))}>" : name;
    }

    /// <summary>What is awaited: <c>Class.Method()</c> for a method of .NET, known by its state machine or the box around it; else the type.</summary>
    internal static string OfAwaited(Type type)
        => StateMachineBox.MachineTypeBehind(type) is { } machine ? OfStateMachine(machine) + "()" : OfType(type);

    /// <summary>The name of a method of a stack trace, which is known by texts only.</summary>
    internal static string OfFrame(string typeName, string method)
    {
        int dot = typeName.StartsWith('<') ? -1 : typeName.Split('<')[0].LastIndexOf('.');
        var types = typeName[(dot + 1)..].Split('+').ToList();
        if (method == "MoveNext" && types[^1].StartsWith('<'))
        {
            method = types[^1][..(types[^1].LastIndexOf('>') + 1)] is { Length: > 2 } mangled ? mangled[1..^1] : method;
            types.RemoveAt(types.Count - 1);
        }
        types.RemoveAll(static type => type.StartsWith('<'));
        return string.Join('.', types.Select(static type => type.Split('`')[0]).Append(Demangle(method)));
    }

    private static string Qualify(Type? type, string method)
    {
        // Classes that hold captured variables are the compiler's own.
        while (type is not null && type.Name.StartsWith('<'))
        {
            type = type.DeclaringType;
        }
        if (type is null)
        {
            return method;
        }
        string name = type.Name;
        int arity = name.IndexOf('`', StringComparison.Ordinal);
        name = arity < 0 ? name : name[..arity];
        return type.DeclaringType is null ? $"{name}.{method}" : Qualify(type.DeclaringType, $"{name}.{method}");
    }

    private static string Demangle(string name)
    {
        if (!name.StartsWith('<'))
        {
            return name;
        }
        int close = name.LastIndexOf('>');
        string outer = Demangle(name[1..close]);
        string rest = name[(close + 1)..];
        if (rest.StartsWith("g__", StringComparison.Ordinal))
        {
            int bar = rest.IndexOf('|', StringComparison.Ordinal);
            return $"{outer}{Locals}.{(bar < 0 ? rest[3..] : rest[3..bar])}";
        }
        return rest.StartsWith("b__", StringComparison.Ordinal) ? $"{outer}{Locals}.<lambda>" : outer;
    }
}
