using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO005: an <c>async</c> lambda or method that becomes a delegate without a result on its way into AsyncioSharp: a callback of the loop
/// or of a future, or a function for a thread. It would return to its caller at its first await, and its failure would be nobody's. The same goes for one
/// that gives a task in a thread, where the task is what is awaited from there and dropped.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class AsyncVoidCallbackAnalyzer() : UsageAnalyzer(Rules.AsyncVoid)
{
    private const string IsVoid = "would run as 'async void', which nobody can await or cancel, and whose failure no task holds; "
        + "make a coroutine of it and start that with Asyncio.CreateTask";

    private const string IsDropped = "leaves the thread at its first await, and the task that it gives is dropped, so that nobody waits for the rest or sees its failure; "
        + "await the method here, or Task.Run";

    private protected override void Start(CompilationStartAnalysisContext start, KnownTypes known) => start.RegisterOperationBlockStartAction(block =>
    {
        var body = new Body(block.OperationBlocks, block.OwningSymbol, known);
        block.RegisterOperationAction(operation => OnValue(operation, body), OperationKind.Argument, OperationKind.SimpleAssignment);
    });

    // An argument of a method, or what is assigned to a property: be it the delegate itself or a local that may hold it.
    private static void OnValue(OperationAnalysisContext context, Body body)
    {
        var (value, taker) = context.Operation switch
        {
            IArgumentOperation { Parent: IInvocationOperation or IObjectCreationOperation } argument => (argument.Value, argument.Parameter?.ContainingSymbol),
            ISimpleAssignmentOperation { Target: IPropertyReferenceOperation target } assignment => (assignment.Value, target.Property),
            _ => default,
        };
        if (value is null || taker is null || value.Bare().Type?.TypeKind != TypeKind.Delegate || !body.Known.IsOurs(taker))
        {
            return;
        }
        foreach (var target in body.Flow.Origins(value).OfType<IDelegateCreationOperation>().Select(static origin => origin.Target))
        {
            string? fault = IsAsyncVoid(target) ? IsVoid : IsAsyncTask(target) && IsDroppedThread(context.Operation.Parent) ? IsDropped : null;
            if (fault is not null)
            {
                var properties = ImmutableDictionary<string, string?>.Empty;
                context.ReportDiagnostic(Diagnostic.Create(
                    Rules.AsyncVoid, target.Syntax.GetLocation(), fault == IsVoid && StartsWithCoroutine(target, body.Known) ? properties.Add("coroutine", "") : properties,
                    $"{taker.ContainingType.Name}.{taker.Name}", fault));
            }
        }
    }

    // For the fix: what is awaited first could be made a task.
    private static bool StartsWithCoroutine(IOperation target, KnownTypes known)
        => target is IAnonymousFunctionOperation lambda && lambda.Body.Operations.FirstOrDefault() is IExpressionStatementOperation { Operation: IAwaitOperation wait }
            && known.IsCoroutine(wait.Operation.Bare().Type);

    private static bool IsAsyncVoid(IOperation target) => MethodOf(target) is { IsAsync: true, ReturnsVoid: true };

    private static bool IsAsyncTask(IOperation target) => MethodOf(target) is { IsAsync: true, ReturnType.Name: "Task" or "ValueTask" };

    // What the function gives is awaited from the thread, and dropped.
    private static bool IsDroppedThread(IOperation? call)
        => call is IInvocationOperation { TargetMethod.Name: "ToThread" or "RunInExecutor", Parent: IAwaitOperation { Parent: IExpressionStatementOperation } };

    private static IMethodSymbol? MethodOf(IOperation target) => target switch
    {
        IAnonymousFunctionOperation lambda => lambda.Symbol,
        IMethodReferenceOperation method => method.Method,
        _ => null,
    };
}
