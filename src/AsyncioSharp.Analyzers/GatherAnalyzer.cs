using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO007: an awaited <c>Gather</c> of coroutines, so that nobody but the gather knows their tasks, in a place where the
/// function goes on after a failure: inside a <c>try</c> whose handler deals with it, or under a <c>using</c> that takes away what they work with.
/// Elsewhere a failure usually ends the program, and Gather is as good as a TaskGroup.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class GatherAnalyzer() : UsageAnalyzer(Rules.GatherLeavesRest)
{
    private protected override void Start(CompilationStartAnalysisContext start, KnownTypes known) => start.RegisterOperationBlockStartAction(block =>
    {
        var body = new Body(block.OperationBlocks, block.OwningSymbol, known);
        block.RegisterOperationAction(operation => OnAwait(operation, body), OperationKind.Await);
    });

    private static void OnAwait(OperationAnalysisContext context, Body body)
    {
        var wait = (IAwaitOperation)context.Operation;
        if (Awaited(wait, body) is IInvocationOperation { TargetMethod: { Name: "Gather", IsStatic: true } method } gather
            && SymbolEqualityComparer.Default.Equals(method.ContainingType, body.Known.Asyncio)
            && gather.Arguments.Sum(argument => Coroutines(argument.Value, body.Known)) > 1
            && WhatGoesOn(gather, body) is { } after)
        {
            context.ReportDiagnostic(Diagnostic.Create(Rules.GatherLeavesRest, gather.Syntax.GetLocation(), after));
        }
    }

    // What is awaited, also by the name of a local that does nothing else: then nobody cancels it.
    private static IOperation Awaited(IAwaitOperation wait, Body body)
    {
        var value = wait.Operation.Bare();
        return value is ILocalReferenceOperation { Local: var local } && body.Known.IsFuture(local.Type)
            && body.Flow.Reads(local).Count == 1 && body.Flow.Writes(local) is { Count: 1 } writes
            ? writes[0].Bare() : value;
    }

    // How many an argument gives, told by its type: of a coroutine Gather makes a task that nobody else knows, whoever made the coroutine. Of a sequence, many.
    private static int Coroutines(IOperation value, KnownTypes known) => value.Bare() switch
    {
        IArrayCreationOperation { Initializer: { } initializer } => initializer.ElementValues.Sum(element => Coroutines(element, known)),
        ICollectionExpressionOperation collection => collection.Elements.Sum(element => Coroutines(element, known)),
        ISpreadOperation spread => Coroutines(spread.Operand, known),
        { Type: IArrayTypeSymbol array } => known.IsCoroutine(array.ElementType) ? 2 : 0,
        { Type: INamedTypeSymbol type } => known.IsCoroutine(type) ? 1 : type.TypeArguments.Any(known.IsCoroutine) ? 2 : 0,
        _ => 0,
    };

    private static string? WhatGoesOn(IInvocationOperation gather, Body body)
    {
        for (var (child, current) = ((IOperation)gather, gather.Parent);
            current is not (null or IAnonymousFunctionOperation or ILocalFunctionOperation);
            (child, current) = (current, current.Parent))
        {
            switch (current)
            {
                case ITryOperation attempt when attempt.Body == child && attempt.Catches.Any(handler => HandlesFailure(handler, body.Known)):
                    return "the handler deals with the failure";
                case IUsingOperation use when use.Body == child && Uses(gather, use.Resources, body.Flow):
                    return "what they use is disposed";
                case IBlockOperation block
                    when block.Operations.OfType<IUsingDeclarationOperation>()
                        .Any(use => use.Syntax.SpanStart < child.Syntax.SpanStart && Uses(gather, use.DeclarationGroup, body.Flow)):
                    return "what they use is disposed";
                default:
                    break;
            }
        }
        return null;
    }

    // Itself, or by coroutines that were made before it.
    private static bool Uses(IInvocationOperation gather, IOperation resources, ValueFlow flow)
    {
        var declared = new HashSet<ISymbol>(
            resources.Descendants().OfType<IVariableDeclaratorOperation>().Select(static variable => variable.Symbol),
            SymbolEqualityComparer.Default);
        return gather.Descendants().OfType<ILocalReferenceOperation>()
            .SelectMany(reference => flow.Origins(reference).SelectMany(static origin => origin.DescendantsAndSelf()).Append(reference))
            .Any(part => part is ILocalReferenceOperation reference && declared.Contains(reference.Local));
    }

    // A handler that only passes the failure on, or is for cancellation (which reaches all of them), goes on with nothing.
    private static bool HandlesFailure(ICatchClauseOperation handler, KnownTypes known)
        => !handler.ExceptionType.Is(known.Cancelled?.BaseType) && handler.Handler.Operations.LastOrDefault() is not IThrowOperation;
}
