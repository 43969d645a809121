using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO005: an <c>async</c> lambda or method that becomes a delegate without a result on its way into AsyncioSharp: a callback of the loop
/// or of a future, or a function for a thread. It would return to its caller at its first await, and its failure would be nobody's.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class AsyncVoidCallbackAnalyzer() : UsageAnalyzer(Rules.AsyncVoid)
{
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
        foreach (var target in body.Flow.Origins(value).OfType<IDelegateCreationOperation>().Select(static origin => origin.Target).Where(IsAsyncVoid))
        {
            var properties = ImmutableDictionary<string, string?>.Empty;
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.AsyncVoid, target.Syntax.GetLocation(), StartsWithCoroutine(target, body.Known) ? properties.Add("coroutine", "") : properties,
                $"{taker.ContainingType.Name}.{taker.Name}"));
        }
    }

    // For the fix: what is awaited first could be made a task.
    private static bool StartsWithCoroutine(IOperation target, KnownTypes known)
        => target is IAnonymousFunctionOperation lambda && lambda.Body.Operations.FirstOrDefault() is IExpressionStatementOperation { Operation: IAwaitOperation wait }
            && known.IsCoroutine(wait.Operation.Bare().Type);

    private static bool IsAsyncVoid(IOperation target) => target switch
    {
        IAnonymousFunctionOperation { Symbol: { IsAsync: true, ReturnsVoid: true } } => true,
        IMethodReferenceOperation { Method: { IsAsync: true, ReturnsVoid: true } } => true,
        _ => false,
    };
}
