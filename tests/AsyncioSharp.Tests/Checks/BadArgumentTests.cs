using System.ComponentModel;
using System.Reflection;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Checks.Support;

namespace AsyncioSharp.Tests.Checks;

/// <summary>
/// Every public method and constructor refuses, at the call, null for what is not declared nullable, and a time that is not a number, by an exception that
/// names the parameter; and the loop goes on. All of them are tried, so that a new one needs no test of its own; arguments that
/// <see cref="SampleArguments"/> cannot make are a failure.
/// </summary>
public sealed class BadArgumentTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void Null_is_refused_with_the_name_of_the_argument()
    {
        var nullability = new NullabilityInfoContext();
        TryAll<ArgumentNullException>(
            null,
            (method, declared) => !declared.ParameterType.IsValueType && !declared.ParameterType.IsByRef && !declared.ParameterType.IsGenericParameter
                && nullability.Create(declared).WriteState == NullabilityState.NotNull).ShouldBeGreaterThan(100);
    }

    [Fact]
    public void A_time_that_is_not_a_number_is_refused_with_the_name_of_the_argument()
        => TryAll<ArgumentException>(double.NaN, static (_, declared) => declared.ParameterType == typeof(double) || declared.ParameterType == typeof(double?))
            .ShouldBeGreaterThan(20);

    // Calls each public method once for each of its parameters that is chosen, with a bad value there and good ones elsewhere. Gives the number of calls.
    private static int TryAll<TRefusal>(object? bad, Func<MethodBase, ParameterInfo, bool> isChosen)
        where TRefusal : ArgumentException
    {
        var problems = new List<string>();
        int tried = 0;
        VirtualTimeLoop.Run(Main());
        string.Join('\n', problems).ShouldBeEmpty();
        return tried;

        async Coroutine Main()
        {
            foreach (var (callable, open) in Methods())
            {
                foreach (var declared in open.GetParameters().Where(parameter => isChosen(open, parameter)))
                {
                    tried++;
                    if (ProblemOf<TRefusal>(callable, declared, bad) is { } problem)
                    {
                        problems.Add(
                            $"{open.DeclaringType!.Name}.{open.Name}({string.Join(", ", open.GetParameters().Select(static p => p.ParameterType.Name))}), "
                            + $"{declared.Name}: {problem}");
                    }
                    await Asyncio.Sleep(0);
                }
            }
        }
    }

    // Each as it can be called, and as it is declared.
    private static IEnumerable<(MethodBase Callable, MethodBase Open)> Methods()
    {
        foreach (var type in new[] { typeof(Asyncio).Assembly, typeof(VirtualTimeLoop).Assembly }.SelectMany(static a => a.GetExportedTypes()).Where(IsForPrograms))
        {
            var closed = type.IsGenericTypeDefinition ? SampleArguments.Close(type) : type;
            var callable = All(closed).ToDictionary(static method => method.MetadataToken);
            foreach (var open in All(type).Where(IsForPrograms))
            {
                var method = callable[open.MetadataToken];
                yield return (method is MethodInfo { IsGenericMethodDefinition: true } generic ? SampleArguments.Close(generic) : method, open);
            }
        }

        static IEnumerable<MethodBase> All(Type type) => type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared));
    }

    private static bool IsForPrograms(MemberInfo member) => member.GetCustomAttribute<EditorBrowsableAttribute>()?.State != EditorBrowsableState.Never && member switch
    {
        Type type => type is { IsInterface: false, IsEnum: false } && !typeof(Delegate).IsAssignableFrom(type) && !IsRecord(type),
        MethodInfo { Name: "Equals" or "op_Equality" or "op_Inequality" or "OnCompleted" or "UnsafeOnCompleted" } => false,
        MethodBase { DeclaringType.IsAbstract: true, IsVirtual: true } => false, // for others to implement
        _ => true,
    };

    // A record says what it was given, be it null; the library makes them.
    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance) is not null;

    private static string? ProblemOf<TRefusal>(MethodBase method, ParameterInfo parameter, object? bad)
        where TRefusal : ArgumentException
    {
        object? target = method.IsStatic || method is ConstructorInfo ? null : SampleArguments.For(method.DeclaringType!);
        if (target is null && method is MethodInfo { IsStatic: false })
        {
            return $"no sample of {method.DeclaringType}";
        }
        var parameters = method.GetParameters();
        object?[] arguments = [.. parameters
            .Select(p => p.Position == parameter.Position ? bad
                : p.HasDefaultValue && !p.ParameterType.IsValueType ? null
                : SampleArguments.For(p.ParameterType))];
        if (parameters.Any(p => p.Position != parameter.Position && arguments[p.Position] is null && !p.HasDefaultValue && !p.ParameterType.IsValueType))
        {
            return "no samples of the other arguments";
        }
        try
        {
            _ = method is ConstructorInfo constructor ? constructor.Invoke(arguments) : method.Invoke(target, arguments);
            return "not refused";
        }
        catch (TargetInvocationException e) when (e.InnerException is TRefusal refused)
        {
            return refused.ParamName == parameter.Name ? null : $"refused as '{refused.ParamName}'";
        }
        catch (TargetInvocationException e)
        {
            return e.InnerException!.ToString().Split('\n')[0];
        }
    }
}
