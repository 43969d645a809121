using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>
/// Writes the public face of an assembly as text, one member a line, in an order that does not depend on the sources: what a
/// program can be compiled against, and nothing else. Reference nullability is left out.
/// </summary>
public static class ApiListing
{
    // The kinds of members, in the order in which a type lists them.
    private static readonly Predicate<MemberInfo>[] s_kinds =
    [
        member => member is ConstructorInfo,
        member => member is FieldInfo,
        member => member is PropertyInfo,
        member => member is EventInfo,
        member => member is MethodInfo { IsSpecialName: false },
        member => member is MethodInfo,
    ];

    public static string Of(Assembly assembly) => Of(PublicMembers.Types(assembly));

    public static string Of(IEnumerable<Type> types)
    {
        var text = new StringBuilder();
        foreach (var group in types.GroupBy(type => type.Namespace ?? "").OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            text.Append("namespace ").Append(group.Key).Append('\n');
            foreach (var type in group.OrderBy(ApiTypeNames.Declared, StringComparer.Ordinal))
            {
                text.Append('\n').Append(Attributes(type)).Append(TypeHeader(type)).Append('\n');
                foreach (var member in type.IsEnum ? EnumValues(type) : Members(type))
                    text.Append("    ").Append(member).Append('\n');
            }

            text.Append('\n');
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    private static IEnumerable<string> Members(Type type)
        => PublicMembers.Of(type)
            .Select(member => (Kind: Array.FindIndex(s_kinds, isKind => isKind(member)), member.Name, Line: Attributes(member) + Member(member)))
            .OrderBy(member => member.Kind)
            .ThenBy(member => member.Name, StringComparer.Ordinal)
            .ThenBy(member => member.Line, StringComparer.Ordinal)
            .Select(member => member.Line);

    private static IEnumerable<string> EnumValues(Type type)
        => type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => Attributes(field) + field.Name + " = " + Convert.ToString(field.GetRawConstantValue(), CultureInfo.InvariantCulture));

    private static string TypeHeader(Type type)
    {
        var access = type.IsNested && !type.IsNestedPublic ? "protected " : "public ";
        if (typeof(MulticastDelegate).IsAssignableFrom(type))
        {
            var invoke = type.GetMethod("Invoke")!;
            return $"{access}delegate {Result(invoke)} {ApiTypeNames.Declared(type)}({Parameters(invoke)}){Constraints(type.GetGenericArguments())}";
        }

        var bases = Bases(type);
        return access + Kind(type) + " " + ApiTypeNames.Declared(type) + (bases.Count > 0 ? " : " + string.Join(", ", bases) : "")
            + Constraints(type.IsNested ? type.GetGenericArguments().Except(type.DeclaringType!.GetGenericArguments()) : type.GetGenericArguments());
    }

    private static string Kind(Type type)
    {
        if (type.IsEnum)
            return "enum";
        if (type.IsInterface)
            return "interface";

        var isRecord = type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly, [typeof(StringBuilder)]) is { } print
            && PublicMembers.IsGenerated(print);
        var record = isRecord ? "record " : "";
        if (type.IsValueType)
        {
            return (type.IsDefined(typeof(IsReadOnlyAttribute), inherit: false) ? "readonly " : "") + (type.IsByRefLike ? "ref " : "") + record + "struct";
        }

        return (type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "") + record + "class";
    }

    /// <summary>The base class, unless every class has it, and the public interfaces that no other base brings along.</summary>
    private static List<string> Bases(Type type)
    {
        if (type.IsEnum)
            return Enum.GetUnderlyingType(type) is var underlying && underlying == typeof(int) ? [] : [ApiTypeNames.Of(underlying)];

        var interfaces = type.GetInterfaces();
        var implied = interfaces.SelectMany(one => one.GetInterfaces()).Concat(type.BaseType?.GetInterfaces() ?? []).ToHashSet();
        var names = interfaces.Where(one => one.IsVisible && !implied.Contains(one)).Select(ApiTypeNames.Of).Order(StringComparer.Ordinal).ToList();
        if (type.BaseType is { } @base && @base != typeof(object) && @base != typeof(ValueType))
            names.Insert(0, ApiTypeNames.Of(@base));
        return names;
    }

    private static string Member(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => Access(constructor) + SimpleName(constructor.DeclaringType!) + "(" + Parameters(constructor) + ")",
        FieldInfo field => Field(field),
        PropertyInfo property => Property(property),
        EventInfo @event => Access(@event.AddMethod!) + Modifiers(@event.AddMethod!)
            + "event " + ApiTypeNames.Of(@event.EventHandlerType!, @event) + " " + @event.Name,
        MethodInfo method => Method(method),
        _ => throw new ArgumentException($"No listing for a {member.MemberType}.", nameof(member)),
    };

    private static string Field(FieldInfo field)
    {
        var access = field.IsPublic ? "public " : "protected ";
        if (field.IsLiteral)
            return $"{access}const {ApiTypeNames.Of(field.FieldType, field)} {field.Name} = {Value(field.GetRawConstantValue(), field.FieldType)}";
        return access + (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "") + ApiTypeNames.Of(field.FieldType, field) + " " + field.Name;
    }

    private static string Property(PropertyInfo property)
    {
        var inheritable = !property.DeclaringType!.IsSealed;
        var accessors = new[] { property.GetMethod, property.SetMethod }.Where(accessor => PublicMembers.IsVisible(accessor, inheritable)).Select(accessor => accessor!).ToList();
        var main = accessors.Find(accessor => accessor.IsPublic) ?? accessors[0];
        var indexers = property.GetIndexParameters();
        var name = indexers.Length > 0 ? "this[" + string.Join(", ", indexers.Select(Parameter)) + "]" : property.Name;
        var body = string.Join(' ', accessors.Select(accessor => (accessor.IsPublic == main.IsPublic ? "" : Access(accessor)) + Accessor(property, accessor) + ";"));
        return Access(main) + Modifiers(main) + (property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "")
            + Ref(property.PropertyType, property) + ApiTypeNames.Of(property.PropertyType, property) + " " + name + " { " + body + " }";
    }

    private static string Accessor(PropertyInfo property, MethodInfo accessor)
        => accessor == property.GetMethod ? "get"
            : accessor.ReturnParameter.GetRequiredCustomModifiers().Any(modifier => modifier.Name == "IsExternalInit") ? "init"
            : "set";

    private static string Method(MethodInfo method)
    {
        var arguments = method.GetGenericArguments();
        var name = method.Name + (arguments.Length > 0 ? "<" + string.Join(", ", arguments.Select(argument => argument.Name)) + ">" : "");
        var extended = method.IsDefined(typeof(ExtensionAttribute), inherit: false) ? "this " : "";
        return Access(method) + Modifiers(method) + Result(method) + " " + name + "(" + extended + Parameters(method) + ")" + Constraints(arguments);
    }

    private static string Result(MethodInfo method) => Ref(method.ReturnType, method.ReturnParameter) + ApiTypeNames.Of(method.ReturnType, method.ReturnParameter);

    private static string Ref(Type type, ICustomAttributeProvider place)
        => !type.IsByRef ? "" : place.IsDefined(typeof(IsReadOnlyAttribute), inherit: false) ? "ref readonly " : "ref ";

    private static string Access(MethodBase method) => method.DeclaringType!.IsInterface && method.IsPublic ? "" : method.IsPublic ? "public " : "protected ";

    private static string Modifiers(MethodInfo method)
    {
        var isInterface = method.DeclaringType!.IsInterface;
        if (method.IsStatic)
            return method.IsAbstract ? "static abstract " : method.IsVirtual ? "static virtual " : "static ";
        if (isInterface)
            return method.IsAbstract ? "" : "virtual ";
        var isReadOnly = method.IsDefined(typeof(IsReadOnlyAttribute), inherit: false)
            && !method.DeclaringType.IsDefined(typeof(IsReadOnlyAttribute), inherit: false)
            ? "readonly " : "";
        if (!method.IsVirtual || (method.IsFinal && method.GetBaseDefinition() == method))
            return isReadOnly;
        if (method.GetBaseDefinition() != method)
            return isReadOnly + (method.IsFinal ? "sealed override " : method.IsAbstract ? "abstract override " : "override ");
        return method.IsAbstract ? "abstract " : "virtual ";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        var modifier =
            parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params "
            : type.IsByRef && parameter.IsOut ? "out "
            : type.IsByRef && parameter.IsDefined(typeof(RequiresLocationAttribute)) ? "ref readonly "
            : type.IsByRef && parameter.IsIn ? "in "
            : type.IsByRef ? "ref "
            : parameter.IsDefined(typeof(ScopedRefAttribute)) ? "scoped "
            : "";
        var caller = parameter.GetCustomAttributes().Select(attribute => attribute.GetType().Name)
            .FirstOrDefault(name => name.StartsWith("Caller", StringComparison.Ordinal));
        return (caller is null ? "" : $"[{caller.Replace("Attribute", "", StringComparison.Ordinal)}] ")
            + modifier + ApiTypeNames.Of(type, parameter) + " " + parameter.Name
            + (parameter.HasDefaultValue ? " = " + Value(parameter.RawDefaultValue, type) : "");
    }

    private static string Value(object? value, Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        return value switch
        {
            null or DBNull => target.IsValueType && target == type ? "default" : "null",
            _ when target.IsEnum => EnumValue(target, value),
            string text => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal) + "\"",
            char character => $"'{character}'",
            bool flag => flag ? "true" : "false",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
    }

    private static string EnumValue(Type type, object value)
    {
        var name = Enum.ToObject(type, value).ToString()!;
        return char.IsLetter(name[0]) ? string.Join(" | ", name.Split(", ").Select(one => ApiTypeNames.Of(type) + "." + one)) : $"({ApiTypeNames.Of(type)}){name}";
    }

    private static string Constraints(IEnumerable<Type> parameters)
    {
        var text = new StringBuilder();
        foreach (var parameter in parameters.Where(parameter => parameter.IsGenericParameter))
        {
            var flags = parameter.GenericParameterAttributes;
            var isUnmanaged = parameter.GetCustomAttributesData().Any(data => data.AttributeType.Name == "IsUnmanagedAttribute");
            var isValue = flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
            List<string> parts =
            [
                .. isUnmanaged ? ["unmanaged"] : isValue ? ["struct"] : flags.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? ["class"] : Array.Empty<string>(),
                .. parameter.GetGenericParameterConstraints().Where(type => type != typeof(ValueType)).Select(ApiTypeNames.Of).Order(StringComparer.Ordinal),
                .. !isValue && flags.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) ? ["new()"] : Array.Empty<string>(),
                .. flags.HasFlag(GenericParameterAttributes.AllowByRefLike) ? ["allows ref struct"] : Array.Empty<string>(),
            ];
            if (parts.Count > 0)
                text.Append(" where ").Append(parameter.Name).Append(" : ").AppendJoin(", ", parts);
        }

        return text.ToString();
    }

    private static string SimpleName(Type type) => type.Name.IndexOf('`') is >= 0 and var tick ? type.Name[..tick] : type.Name;

    /// <summary>The attributes that change what a caller sees or which overload is chosen.</summary>
    private static string Attributes(MemberInfo member)
    {
        var text = new StringBuilder();
        foreach (var attribute in member.GetCustomAttributes(inherit: false).OrderBy(attribute => attribute.GetType().Name, StringComparer.Ordinal))
        {
            text.Append(attribute switch
            {
                ObsoleteAttribute obsolete when !IsCompilerMessage(obsolete)
                    => $"[Obsolete({Value(obsolete.Message, typeof(string))}{(obsolete.IsError ? ", error: true" : "")})] ",
                EditorBrowsableAttribute browsable => $"[EditorBrowsable({browsable.State})] ",
                OverloadResolutionPriorityAttribute priority => string.Create(CultureInfo.InvariantCulture, $"[OverloadResolutionPriority({priority.Priority})] "),
                AsyncMethodBuilderAttribute builder => $"[AsyncMethodBuilder({ApiTypeNames.Of(builder.BuilderType)})] ",
                FlagsAttribute => "[Flags] ",
                _ => "",
            });
        }

        return text.ToString();
    }

    /// <summary>Ref structs and required members carry a marker for old compilers.</summary>
    private static bool IsCompilerMessage(ObsoleteAttribute obsolete)
        => obsolete.IsError && obsolete.Message is { } message
            && (message.StartsWith("Types with embedded references", StringComparison.Ordinal)
                || message.StartsWith("Constructors of types with required", StringComparison.Ordinal));
}
