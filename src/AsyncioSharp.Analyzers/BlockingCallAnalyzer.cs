using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO003: what blocks the loop's thread in a coroutine or a callback of the loop: waits for .NET tasks, threads and locks, and synchronous IO that has an
/// awaitable twin. A <c>lock</c> statement cannot hold an await and is left alone, and so is the result of a task that is finished (see
/// <see cref="FinishedTasks"/>), and what only works in memory.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class BlockingCallAnalyzer() : PlaceAnalyzer(Rules.Blocking, Place.Loop)
{
    private protected override Finding? Find(IOperation operation, Body body) => operation switch
    {
        IPropertyReferenceOperation reference => BlockingCalls.TakesResult(reference.Property) && !body.Finished.Covers(reference.Instance, reference)
            ? New($"{reference.Property.ContainingType.Name}.Result", "await the task", "await") : null,
        IInvocationOperation { TargetMethod: var method } call when BlockingCalls.TakesResult(method)
            => body.Finished.Covers(AwaitedBy(call.Instance), call) ? null : New("GetAwaiter().GetResult", "await the task", "await"),
        IInvocationOperation call => OfCall(call.TargetMethod, call.Instance, call.Arguments, call, body),
        IMethodReferenceOperation { Method: var method } reference
            => OfCall(method, reference.Instance, [], reference, body) is { } finding
                ? New(finding.What, finding.Instead!, null)
                : null,
        _ => null,
    };

    private static Finding? OfCall(IMethodSymbol method, IOperation? receiver, ImmutableArray<IArgumentOperation> arguments, IOperation operation, Body body)
    {
        if (BlockingCalls.WaitInstead(method) is { } instead)
        {
            if (arguments.Any(IsNoTime) || (method.Name.StartsWith("Try", StringComparison.Ordinal) && !method.Parameters.Any(IsTime)))
            {
                return null; // it only looks
            }
            if ((BlockingCalls.IsOfTask(method) || BlockingCalls.IsFuture(method.ContainingType))
                && (method.IsStatic
                    ? arguments.Length > 0 && arguments[0].Value.Bare() is var all && body.Finished.Covers(all, operation)
                    : body.Finished.Covers(receiver, operation)))
            {
                return null;
            }
            return New(Questions.Name(method), instead, (method.ContainingType.Name, method.Name, method.Parameters.Length) switch
            {
                ("Thread", "Sleep", 1) => "sleep",
                ("Task", "Wait", 0) => "await",
                ("Process", "WaitForExit", 0) or ("SemaphoreSlim", "Wait", 0) => "twin",
                _ => null,
            });
        }
        return BlockingCalls.Twin(method, receiver?.Bare().Type) is { } twin && !(receiver is not null && InMemory(receiver, body.Flow))
            ? New(Questions.Name(method), $"await {Questions.Name(twin)}", "twin")
            : null;
    }

    private static bool IsNoTime(IArgumentOperation argument) => argument.Value.Bare() switch
    {
        var value when value.IsZeroTime() => true,
        { ConstantValue: { HasValue: true, Value: 0 or 0.0 } } => argument is { ArgumentKind: ArgumentKind.Explicit, Parameter: { } parameter } && IsTime(parameter),
        _ => false,
    };

    private static bool IsTime(IParameterSymbol parameter) => parameter.Name is "timeout" or "millisecondsTimeout" or "milliseconds";

    private static IOperation? AwaitedBy(IOperation? awaiter)
    {
        while (awaiter?.Bare() is IInvocationOperation { TargetMethod.Name: "GetAwaiter" or "ConfigureAwait" } call)
        {
            awaiter = call.Instance;
        }
        return awaiter;
    }

    // Whatever the variable may hold was made of memory: a stream in memory, or a reader, writer or filter around one.
    private static bool InMemory(IOperation value, ValueFlow flow)
        => flow.Origins(value).All(origin => BlockingCalls.IsInMemory(origin.Type) || origin switch
        {
            IObjectCreationOperation { Type: { } type } wrapper when type.ContainingNamespace.IsOrIn("System") => IsAroundMemory(wrapper, flow),
            ILocalReferenceOperation { Local: var local } => flow.CollectionOf(local) is { } collection && InMemory(collection, flow),
            IPropertyReferenceOperation { Instance: { } whole } => InMemory(whole, flow), // an archive's entry
            IFieldReferenceOperation { Field: { Name: "Null", IsStatic: true } nothing } => nothing.ContainingNamespace.IsOrIn("System"), // Stream.Null
            _ => false,
        });

    private static bool IsAroundMemory(IObjectCreationOperation wrapper, ValueFlow flow)
        => wrapper.Arguments.FirstOrDefault()?.Value is { } inner && inner.Bare().Type is { SpecialType: SpecialType.None } && InMemory(inner, flow);

    private static Finding New(string what, string instead, string? fix)
        => new(what, instead, fix is null ? ImmutableDictionary<string, string?>.Empty : ImmutableDictionary<string, string?>.Empty.Add(BlockingCalls.FixKey, fix));
}
