using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO007: an awaited <c>Gather</c> of coroutines made on the spot, so that nobody but the gather knows their tasks, in a place where the
/// function goes on after a failure: inside a <c>try</c> whose handler deals with it, or under a <c>using</c> that takes away what they work with.
/// Elsewhere a failure usually ends the program, and Gather is as good as a TaskGroup.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class GatherAnalyzer() : UsageAnalyzer(Rules.GatherLeavesRest)
{
    private protected override void Start(CompilationStartAnalysisContext start, KnownTypes known)
        => start.RegisterOperationAction(operation => OnAwait(operation, known), OperationKind.Await);

    private static void OnAwait(OperationAnalysisContext context, KnownTypes known)
    {
        var wait = (IAwaitOperation)context.Operation;
        if (wait.Operation.Bare() is IInvocationOperation { TargetMethod: { Name: "Gather", IsStatic: true } method } gather
            && SymbolEqualityComparer.Default.Equals(method.ContainingType, known.Asyncio)
            && HasFreshCoroutines(gather, known)
            && WhatGoesOn(wait, gather, known) is { } after)
        {
            context.ReportDiagnostic(Diagnostic.Create(Rules.GatherLeavesRest, gather.Syntax.GetLocation(), after));
        }
    }

    // Two or more calls as arguments, or one sequence that is made by a query over calls.
    private static bool HasFreshCoroutines(IInvocationOperation gather, KnownTypes known)
    {
        int calls = gather.Arguments.SelectMany(Elements).Count(element => element.Bare() is IInvocationOperation call && known.IsCoroutine(call.Type));
        return calls > 1 || (gather.Arguments.Length > 0 && gather.Arguments[0].Value.Bare() is IInvocationOperation { TargetMethod.Name: "Select" or "ToList" or "ToArray" } query
            && query.Descendants().OfType<IReturnOperation>().Any(value => value.ReturnedValue?.Bare() is IInvocationOperation call && known.IsCoroutine(call.Type)));
    }

    private static IEnumerable<IOperation> Elements(IArgumentOperation argument) => argument.Value.Bare() switch
    {
        IArrayCreationOperation { Initializer: { } initializer } => initializer.ElementValues,
        ICollectionExpressionOperation collection => collection.Elements,
        var value => [value],
    };

    private static string? WhatGoesOn(IOperation operation, IInvocationOperation gather, KnownTypes known)
    {
        for (var (child, current) = (operation, operation.Parent); current is not (null or IAnonymousFunctionOperation or ILocalFunctionOperation); (child, current) = (current, current.Parent))
        {
            switch (current)
            {
                case ITryOperation attempt when attempt.Body == child && attempt.Catches.Any(handler => HandlesFailure(handler, known)):
                    return "the handler deals with the failure";
                case IUsingOperation use when use.Body == child && Uses(gather, use.Resources):
                    return "what they use is disposed";
                case IBlockOperation block when block.Operations.OfType<IUsingDeclarationOperation>().Any(use => use.Syntax.SpanStart < child.Syntax.SpanStart && Uses(gather, use.DeclarationGroup)):
                    return "what they use is disposed";
                default:
                    break;
            }
        }
        return null;
    }

    private static bool Uses(IInvocationOperation gather, IOperation resources)
    {
        var declared = resources.Descendants().OfType<IVariableDeclaratorOperation>().Select(static variable => variable.Symbol).ToList();
        return gather.Descendants().OfType<ILocalReferenceOperation>().Any(reference => declared.Contains(reference.Local, SymbolEqualityComparer.Default));
    }

    // A handler that only passes the failure on, or is for cancellation (which reaches all of them), goes on with nothing.
    private static bool HandlesFailure(ICatchClauseOperation handler, KnownTypes known)
        => !handler.ExceptionType.Is(known.Cancelled?.BaseType) && handler.Handler.Operations.LastOrDefault() is not IThrowOperation;
}
