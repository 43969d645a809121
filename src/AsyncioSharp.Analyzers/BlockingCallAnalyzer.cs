using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// ASYNCIO003: what blocks the loop's thread inside a coroutine: waits for .NET tasks, threads and locks, and synchronous IO that has an
/// awaitable twin. A <c>lock</c> statement cannot hold an await and is left alone, and so is the result of a task that the function awaited,
/// or asked whether it is done.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class BlockingCallAnalyzer() : UsageAnalyzer(Rules.Blocking)
{
    private static readonly string[] s_states = ["IsCompleted", "IsCompletedSuccessfully", "IsFaulted", "IsCanceled", "Status"];

    private protected override void Start(CompilationStartAnalysisContext start, KnownTypes known)
    {
        start.RegisterOperationAction(operation => OnInvocation(operation, known), OperationKind.Invocation);
        start.RegisterOperationAction(operation => OnProperty(operation, known), OperationKind.PropertyReference);
    }

    private static void OnProperty(OperationAnalysisContext context, KnownTypes known)
    {
        var reference = (IPropertyReferenceOperation)context.Operation;
        if (BlockingCalls.TakesResult(reference.Property) && IsInCoroutine(context, known) && !MayBeDone(reference, reference.Instance))
        {
            Report(context, $"{reference.Property.ContainingType.Name}.Result", "await the task", "await");
        }
    }

    private static void OnInvocation(OperationAnalysisContext context, KnownTypes known)
    {
        var invocation = (IInvocationOperation)context.Operation;
        var method = invocation.TargetMethod;
        if (!IsInCoroutine(context, known))
        {
            return;
        }
        if (BlockingCalls.TakesResult(method))
        {
            if (!MayBeDone(invocation, AwaitedBy(invocation.Instance)))
            {
                Report(context, "GetAwaiter().GetResult", "await the task", "await");
            }
        }
        else if (BlockingCalls.WaitInstead(method) is { } instead)
        {
            if (invocation.Arguments.Any(IsNoTime))
            {
                return; // it only looks
            }
            string? fix = (method.ContainingType.Name, method.Name, method.Parameters.Length) switch
            {
                ("Thread", "Sleep", 1) => "sleep",
                ("Task", "Wait", 0) => "await",
                ("Process", "WaitForExit", 0) or ("SemaphoreSlim", "Wait", 0) => "twin",
                _ => null,
            };
            if (!(method.ContainingType.IsNamed("System.Threading.Tasks.Task") && MayBeDone(invocation, invocation.Instance)))
            {
                Report(context, Questions.Name(method), instead, fix);
            }
        }
        else if (BlockingCalls.Twin(method, invocation.Instance?.Bare().Type) is { } twin)
        {
            Report(context, Questions.Name(method), $"await {Questions.Name(twin)}", "twin");
        }
    }

    private static bool IsNoTime(IArgumentOperation argument) => argument.Value.Bare() switch
    {
        IFieldReferenceOperation { Field: { Name: "Zero", ContainingType.Name: "TimeSpan" } } => true,
        { ConstantValue: { HasValue: true, Value: 0 or 0.0 } } => argument is { ArgumentKind: ArgumentKind.Explicit, Parameter.Name: "timeout" or "millisecondsTimeout" or "milliseconds" },
        _ => false,
    };

    private static bool IsInCoroutine(OperationAnalysisContext context, KnownTypes known)
        => known.IsCoroutineFunction(context.Operation.Function(context.ContainingSymbol));

    private static IOperation? AwaitedBy(IOperation? awaiter)
    {
        while (awaiter?.Bare() is IInvocationOperation { TargetMethod.Name: "GetAwaiter" or "ConfigureAwait" } call)
        {
            awaiter = call.Instance;
        }
        return awaiter;
    }

    // A task that stands, earlier in the function, in an await or before '.IsCompleted' is taken to be done, and so are the elements of a collection that
    // does, and what an await gave (that of Task.WhenAny). Whether it is on every path is the reader's business; a warning at each
    // 'await Task.WhenAny(a, b)' would teach to ignore it.
    private static bool MayBeDone(IOperation operation, IOperation? task)
    {
        if (task?.Bare() is IAwaitOperation || IsMadeDone(task))
        {
            return true; // (await Task.WhenAny(...)).Result, Task.FromResult(1).Result
        }
        var names = new HashSet<string>(Holders(task));
        var body = operation.Syntax.Ancestors().FirstOrDefault(static node => node is AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or BaseMethodDeclarationSyntax or CompilationUnitSyntax);
        return names.Count > 0 && body is not null && body.DescendantNodes()
            .TakeWhile(node => node.SpanStart <= operation.Syntax.SpanStart)
            .Any(node => node switch
            {
                IdentifierNameSyntax name => names.Contains(name.Identifier.ValueText) && TellsThatItIsDone(name, operation.Syntax),
                VariableDeclaratorSyntax { Initializer.Value: AwaitExpressionSyntax } variable => names.Contains(variable.Identifier.ValueText),
                _ => false,
            });
    }

    private static bool IsMadeDone(IOperation? task) => task?.Bare() switch
    {
        IInvocationOperation { TargetMethod: { Name: "FromResult" or "FromException" or "FromCanceled" } maker } => BlockingCalls.IsOfTask(maker),
        IPropertyReferenceOperation { Property: { Name: "CompletedTask" } property } => BlockingCalls.IsOfTask(property),
        _ => false,
    };

    // The names of the variable that holds the task, and of the collection that it is an element of.
    private static IEnumerable<string> Holders(IOperation? task)
    {
        switch (task?.Bare())
        {
            case IArrayElementReferenceOperation element:
                return Holders(element.ArrayReference);
            case IPropertyReferenceOperation { Instance: { } instance } property when property.Property.IsIndexer || instance.Type.IsNamed("System.Collections.Generic.KeyValuePair"):
                return Holders(instance);
            case { } other when other.Variable() is { } variable:
                var loop = variable.DeclaringSyntaxReferences.Select(static place => place.GetSyntax()).OfType<ForEachStatementSyntax>().FirstOrDefault();
                return loop is null ? [variable.Name] : loop.Expression.DescendantNodesAndSelf().OfType<IdentifierNameSyntax>().Select(static name => name.Identifier.ValueText).Append(variable.Name);
            default:
                return [];
        }
    }

    private static bool TellsThatItIsDone(IdentifierNameSyntax name, SyntaxNode use)
    {
        for (SyntaxNode node = name; node is ExpressionSyntax or ArgumentSyntax or ArgumentListSyntax or CollectionElementSyntax; node = node.Parent!)
        {
            switch (node.Parent)
            {
                case AwaitExpressionSyntax:
                case AssignmentExpressionSyntax { Right: AwaitExpressionSyntax } assignment when assignment.Left == node:
                    return !node.Parent.Span.Contains(use.Span); // what an await waits for with the result in hand was not awaited before
                case MemberAccessExpressionSyntax access when access.Expression == node && s_states.Contains(access.Name.Identifier.ValueText):
                    return true;
                case IsPatternExpressionSyntax { Pattern: RecursivePatternSyntax { PropertyPatternClause.Subpatterns: var patterns } }:
                    return patterns.Any(static pattern => pattern.NameColon is { } property && s_states.Contains(property.Name.Identifier.ValueText));
                default:
                    break;
            }
        }
        return false;
    }

    private static void Report(OperationAnalysisContext context, string what, string instead, string? fix)
    {
        var properties = fix is null ? ImmutableDictionary<string, string?>.Empty : ImmutableDictionary<string, string?>.Empty.Add(BlockingCalls.FixKey, fix);
        context.ReportDiagnostic(Diagnostic.Create(Rules.Blocking, context.Operation.Syntax.GetLocation(), properties, what, instead));
    }
}
