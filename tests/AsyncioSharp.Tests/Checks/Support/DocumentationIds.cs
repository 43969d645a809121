using System.Globalization;
using System.Reflection;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>The IDs under which the compiler writes a member into an XML documentation file: "M:AsyncioSharp.Asyncio.Sleep(System.Double)".</summary>
public static class DocumentationIds
{
    public static string Of(MemberInfo member) => member switch
    {
        Type type => "T:" + TypeName(type),
        ConstructorInfo constructor => "M:" + MemberName(constructor) + Parameters(constructor.GetParameters()),
        MethodInfo method => "M:" + MemberName(method)
            + (method.IsGenericMethodDefinition ? string.Create(CultureInfo.InvariantCulture, $"``{method.GetGenericArguments().Length}") : "")
            + Parameters(method.GetParameters())
            + (method.Name is "op_Implicit" or "op_Explicit" ? "~" + ParameterType(method.ReturnType) : ""),
        PropertyInfo property => "P:" + MemberName(property) + Parameters(property.GetIndexParameters()),
        FieldInfo field => "F:" + MemberName(field),
        EventInfo @event => "E:" + MemberName(@event),
        _ => throw new ArgumentException($"No documentation ID for a {member.MemberType}.", nameof(member)),
    };

    private static string MemberName(MemberInfo member) => TypeName(member.DeclaringType!) + "." + member.Name.Replace('.', '#');

    private static string TypeName(Type type) => (type.FullName ?? $"{type.Namespace}.{type.Name}").Replace('+', '.');

    private static string Parameters(ParameterInfo[] parameters)
        => parameters.Length == 0 ? "" : "(" + string.Join(',', parameters.Select(parameter => ParameterType(parameter.ParameterType))) + ")";

    private static string ParameterType(Type type)
    {
        if (type.IsByRef)
            return ParameterType(type.GetElementType()!) + "@";
        if (type.IsPointer)
            return ParameterType(type.GetElementType()!) + "*";
        if (type.IsArray)
        {
            var rank = type.GetArrayRank();
            return ParameterType(type.GetElementType()!) + (rank == 1 ? "[]" : "[" + string.Join(',', Enumerable.Repeat("0:", rank)) + "]");
        }

        if (type.IsGenericMethodParameter)
            return string.Create(CultureInfo.InvariantCulture, $"``{type.GenericParameterPosition}");
        if (type.IsGenericParameter)
            return string.Create(CultureInfo.InvariantCulture, $"`{type.GenericParameterPosition}");
        return type.IsGenericType ? Constructed(type) : TypeName(type);
    }

    /// <summary>Outer{Arguments}.Inner{Arguments}: each type takes its own share of the arguments, which reflection lists in one row.</summary>
    private static string Constructed(Type type)
    {
        var arguments = type.GetGenericArguments();
        var chain = new Stack<Type>();
        for (var part = type; part is not null; part = part.DeclaringType)
            chain.Push(part);

        var name = type.Namespace ?? "";
        var used = 0;
        foreach (var part in chain)
        {
            var tick = part.Name.IndexOf('`');
            name += (name.Length > 0 ? "." : "") + (tick < 0 ? part.Name : part.Name[..tick]);
            var count = tick < 0 ? 0 : int.Parse(part.Name.AsSpan(tick + 1), CultureInfo.InvariantCulture);
            if (count > 0)
                name += "{" + string.Join(',', arguments.Skip(used).Take(count).Select(ParameterType)) + "}";
            used += count;
        }

        return name;
    }
}
