using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>What a user of an assembly can see: public types, and the public and inheritable members that they declare themselves.</summary>
public static class PublicMembers
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>All visible types, nested ones included. What the compiler adds on its own has a name that no user can write.</summary>
    public static IEnumerable<Type> Types(Assembly assembly)
        => assembly.GetTypes().Where(type => IsVisible(type) && !type.FullName!.Contains('<'));

    /// <summary>Constructors, fields, properties, events and methods; accessors count as their property or event.</summary>
    public static IEnumerable<MemberInfo> Of(Type type)
    {
        if (typeof(MulticastDelegate).IsAssignableFrom(type))
            return [];

        var inheritable = !type.IsSealed;
        return type.GetMembers(Declared).Where(member => !member.Name.Contains('<') && member switch
        {
            ConstructorInfo constructor => IsVisible(constructor, inheritable) && !constructor.IsStatic,
            MethodInfo method => IsVisible(method, inheritable) && !IsAccessor(method) && !IsFinalizer(method),
            PropertyInfo property => IsVisible(property.GetMethod, inheritable) || IsVisible(property.SetMethod, inheritable),
            EventInfo @event => IsVisible(@event.AddMethod, inheritable),
            FieldInfo field => (field.IsPublic || (inheritable && (field.IsFamily || field.IsFamilyOrAssembly))) && !field.IsSpecialName,
            _ => false,
        });
    }

    public static bool IsVisible(MethodBase? method, bool inheritable)
        => method is not null && (method.IsPublic || (inheritable && (method.IsFamily || method.IsFamilyOrAssembly)));

    /// <summary>Whether the compiler wrote it: the members of records, the fields behind properties.</summary>
    public static bool IsGenerated(MemberInfo member) => member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    private static bool IsVisible(Type type) => type.IsNested
        ? IsVisible(type.DeclaringType!) && (type.IsNestedPublic || (!type.DeclaringType!.IsSealed && (type.IsNestedFamily || type.IsNestedFamORAssem)))
        : type.IsPublic;

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    private static bool IsFinalizer(MethodInfo method) => method is { Name: "Finalize", IsFamily: true };
}
