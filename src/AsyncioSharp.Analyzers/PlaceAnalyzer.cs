using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// What the rules share that forbid something in one place: each looks at the calls, properties and method groups that run there. A method of the same file
/// that is handed there by its name is looked into, one level deep, and reported where it is handed over.
/// </summary>
public abstract class PlaceAnalyzer : UsageAnalyzer
{
    private readonly DiagnosticDescriptor _rule;
    private readonly Place _place;

    private protected PlaceAnalyzer(DiagnosticDescriptor rule, Place place)
        : base(rule)
    {
        _rule = rule;
        _place = place;
    }

    /// <summary>What is wrong with an operation, if it runs in the place.</summary>
    private protected abstract Finding? Find(IOperation operation, Body body);

    /// <summary>True if a call is made in the place, or a method group is called there.</summary>
    private protected bool RunsThere(IOperation operation, Body body)
        => ((operation is IMethodReferenceOperation ? body.Places.TakenTo(operation) : body.Places.Of(operation)) & _place) != 0;

    private protected sealed override void Start(CompilationStartAnalysisContext start, KnownTypes known) => start.RegisterOperationBlockStartAction(block =>
    {
        var body = new Body(block.OperationBlocks, block.OwningSymbol, known);
        block.RegisterOperationAction(
            operation => Look(operation.Operation, body, operation.ReportDiagnostic),
            OperationKind.Invocation, OperationKind.PropertyReference, OperationKind.MethodReference);
    });

    private void Look(IOperation operation, Body body, Action<Diagnostic> report)
    {
        var finding = FindHere(operation, body);
        if (finding is null && operation is IMethodReferenceOperation { Method: { MethodKind: MethodKind.Ordinary } method } reference
            && (body.Places.TakenTo(reference) & _place) != 0)
        {
            finding = Body.Named(reference, body.Known, _place) is { } named
                ? named.Operations.Select(inner => FindHere(inner, named)).FirstOrDefault(static inner => inner is not null)?.In(method)
                : null;
        }
        if (finding is not null)
        {
            report(Diagnostic.Create(_rule, operation.Syntax.GetLocation(), finding.Properties, finding.What, finding.Instead));
        }
    }

    // The rule first: it is cheap, and most operations are nothing to it.
    private Finding? FindHere(IOperation operation, Body body) => operation is IInvocationOperation or IPropertyReferenceOperation or IMethodReferenceOperation
        && Find(operation, body) is { } finding
        && RunsThere(operation, body) ? finding : null;

    /// <summary>What to say: the member that is wrong here, what to write instead, and what the fix needs to know.</summary>
    private protected sealed class Finding(string what, string? instead, ImmutableDictionary<string, string?> properties)
    {
        internal string What => what;

        internal string? Instead => instead;

        internal ImmutableDictionary<string, string?> Properties => properties;

        internal Finding In(IMethodSymbol method) => new($"{what}' in '{method.Name}", instead, ImmutableDictionary<string, string?>.Empty);
    }
}
