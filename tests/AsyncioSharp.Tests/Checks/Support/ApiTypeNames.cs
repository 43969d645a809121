using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>
/// Types as C# writes them: keywords, <c>T?</c>, arrays, tuples with the names of their elements. The project's own types go without their
/// namespace, all others with it.
/// </summary>
public static class ApiTypeNames
{
    private static readonly Dictionary<Type, string> s_keywords = new()
    {
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(char)] = "char",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
        [typeof(void)] = "void",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
    };

    /// <summary>A type without a place of its own: no tuple names.</summary>
    public static string Of(Type type) => Name(type, new Queue<string?>());

    /// <summary>The type of a parameter, result, property, field or event; <paramref name="place"/> carries the names of tuple elements.</summary>
    public static string Of(Type type, ICustomAttributeProvider place)
    {
        var names = place.GetCustomAttributes(typeof(TupleElementNamesAttribute), inherit: false).OfType<TupleElementNamesAttribute>().FirstOrDefault();
        return Name(type, new Queue<string?>(names?.TransformNames ?? []));
    }

    /// <summary>The name of a type with the type parameters that it declares (or the arguments given for them), nested types behind their outer type.</summary>
    public static string Declared(Type type) => Generic(type, new Queue<string?>(), variance: true);

    // The compiler lists tuple names in the order of the written type, outer tuples before what they contain; the queue follows it.
    private static string Name(Type type, Queue<string?> tupleNames)
    {
        if (type.IsByRef)
            return Name(type.GetElementType()!, tupleNames);
        if (type.IsArray)
            return Name(type.GetElementType()!, tupleNames) + "[" + new string(',', type.GetArrayRank() - 1) + "]";
        if (type.IsPointer)
            return Name(type.GetElementType()!, tupleNames) + "*";
        if (type.IsGenericParameter)
            return type.Name;
        if (s_keywords.TryGetValue(type, out var keyword))
            return keyword;
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Name(underlying, tupleNames) + "?";
        return IsTuple(type) ? Tuple(type, tupleNames) : Generic(type, tupleNames, variance: false);
    }

    private static bool IsTuple(Type type)
        => type.IsGenericType && !type.IsGenericTypeDefinition && type.IsAssignableTo(typeof(ITuple)) && type.IsValueType
            && type.Namespace == "System" && type.GetGenericArguments().Length is >= 2 and <= 7;

    private static string Tuple(Type type, Queue<string?> tupleNames)
    {
        var elements = type.GetGenericArguments();
        var names = elements.Select(_ => tupleNames.TryDequeue(out var name) ? name : null).ToArray();
        return "(" + string.Join(", ", elements.Select((element, i) => Name(element, tupleNames) + (names[i] is { } name ? " " + name : ""))) + ")";
    }

    private static string Generic(Type type, Queue<string?> tupleNames, bool variance)
    {
        var arguments = type.GetGenericArguments();
        var chain = new Stack<Type>();
        for (var part = type; part is not null; part = part.DeclaringType)
            chain.Push(part);

        var isOwn = type.Namespace is { } own && (own == "AsyncioSharp" || own.StartsWith("AsyncioSharp.", StringComparison.Ordinal));
        var name = isOwn ? "" : type.Namespace ?? "";
        var used = 0;
        foreach (var part in chain)
        {
            var tick = part.Name.IndexOf('`');
            name += (name.Length > 0 ? "." : "") + (tick < 0 ? part.Name : part.Name[..tick]);
            var count = tick < 0 ? 0 : int.Parse(part.Name.AsSpan(tick + 1), CultureInfo.InvariantCulture);
            if (count > 0)
                name += "<" + string.Join(", ", arguments.Skip(used).Take(count).Select(argument => Variance(argument, variance) + Name(argument, tupleNames))) + ">";
            used += count;
        }

        return name;
    }

    private static string Variance(Type argument, bool shown)
        => !shown || !argument.IsGenericTypeParameter ? ""
            : argument.GenericParameterAttributes.HasFlag(GenericParameterAttributes.Covariant) ? "out "
            : argument.GenericParameterAttributes.HasFlag(GenericParameterAttributes.Contravariant) ? "in "
            : "";
}
