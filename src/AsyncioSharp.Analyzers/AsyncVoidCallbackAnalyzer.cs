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
    private protected override void Start(CompilationStartAnalysisContext start, KnownTypes known)
        => start.RegisterOperationAction(operation => OnArgument(operation, known), OperationKind.Argument);

    private static void OnArgument(OperationAnalysisContext context, KnownTypes known)
    {
        var argument = (IArgumentOperation)context.Operation;
        if (argument.Value.Bare() is IDelegateCreationOperation { Target: var target }
            && argument.Parent is IInvocationOperation or IObjectCreationOperation
            && argument.Parameter?.ContainingSymbol is IMethodSymbol callee
            && known.IsOurs(callee)
            && IsAsyncVoid(target))
        {
            var properties = ImmutableDictionary<string, string?>.Empty;
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.AsyncVoid, target.Syntax.GetLocation(), StartsWithCoroutine(target, known) ? properties.Add("coroutine", "") : properties, Questions.Name(callee)));
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
