using System.Reflection;
using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Introspection;

/// <summary>
/// The line of every frame of a suspended task, compared with the line that the compiler gave to the call that is awaited there: for every await in
/// the projects AwaitShapes, which hold one source, compiled without and with optimisation, with its PDB beside the assembly and inside.
/// </summary>
public class AwaitShapeTests
{
    private static readonly string[] s_assemblies = ["AwaitShapes", "AwaitShapes.Optimized"];

    public static TheoryData<string, string, string> Shapes { get; } = [.. from assembly in s_assemblies
        from type in Assembly.Load(assembly).GetTypes()
        where type is { IsPublic: true } && type.Name.EndsWith("Shapes", StringComparison.Ordinal)
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.Static)
        select (assembly, type.Name, method.Name)];

    [Theory]
    [MemberData(nameof(Shapes))]
    [Rule("INS-08")]
    public void Every_frame_has_the_line_that_the_compiler_gave(string assembly, string type, string method)
        => Differences(assembly, type, method, out _).ShouldBeEmpty();

    [Theory]
    [InlineData("AwaitShapes", false)]
    [InlineData("AwaitShapes.Optimized", true)]
    public void There_are_more_than_a_hundred_places_to_compare_in_each_build(string assembly, bool isOptimized)
    {
        var places = new HashSet<(string, int)>();
        foreach (var row in Shapes)
        {
            var (from, type, method) = row.Data;
            if (from == assembly)
            {
                Differences(from, type, method, out var lines);
                places.UnionWith(lines.Select(line => (type, line)));
            }
        }
        places.Count.ShouldBeGreaterThan(200);

        // Built as intended: state machines are structs in optimised code only.
        var machine = Assembly.Load(assembly).GetTypes().First(machine => machine.Name.StartsWith("<Plain>", StringComparison.Ordinal));
        machine.IsValueType.ShouldBe(isOptimized);
        machine.IsAssignableTo(typeof(IAsyncStateMachine)).ShouldBeTrue();
    }

    private static List<string> Differences(string assembly, string type, string method, out List<int> lines)
    {
        var probe = new Probe(Assembly.Load(assembly).GetType("AwaitShapes.Probe")!);
        var shape = Assembly.Load(assembly).GetType($"AwaitShapes.{type}")!.GetMethod(method)!;
        object?[] arguments = [.. shape.GetParameters().Select(parameter => parameter.DefaultValue)];
        var differences = new List<string>();
        var seen = new List<int>();
        VirtualTimeLoop.Run(Walk());
        lines = seen;
        seen.ShouldNotBeEmpty();
        return differences;

        async Coroutine Walk()
        {
            var task = Asyncio.CreateTask((Coroutine)shape.Invoke(null, arguments)!);
            for (int idle = 0; !task.IsDone;)
            {
                await Asyncio.Sleep(0);
                if (probe.Expected is not { } expected)
                {
                    (++idle).ShouldBeLessThan(100, $"nothing is awaited by {task}");
                    continue;
                }
                idle = 0;
                var frames = task.GetStack().Where(frame => frame.File?.EndsWith($"{type}.cs", StringComparison.Ordinal) == true).ToList();
                if (!frames.Select(frame => frame.Line!.Value).SequenceEqual(expected))
                    differences.Add($"expected {string.Join(',', expected)}, but: {string.Join(" | ", task.GetStack())}");
                seen.AddRange(expected);
                probe.Complete();
            }
            task.Result();
        }
    }

    private sealed class Probe(Type type)
    {
        private readonly PropertyInfo _expected = type.GetProperty("Expected")!;
        private readonly MethodInfo _complete = type.GetMethod("Complete")!;

        public int[]? Expected => (int[]?)_expected.GetValue(null);

        public void Complete() => _complete.Invoke(null, null);
    }
}
