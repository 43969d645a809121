using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>One method with all functions inside it, and what can be asked of it. Answers are worked out when they are first asked for.</summary>
internal sealed class Body
{
    private readonly ImmutableArray<IOperation> _roots;
    private readonly Lazy<ValueFlow> _flow;
    private readonly Lazy<FinishedTasks> _finished;

    internal Body(ImmutableArray<IOperation> roots, ISymbol owner, KnownTypes known, Place place = Place.Unknown)
    {
        _roots = roots;
        Known = known;
        Place = place;
        _flow = new Lazy<ValueFlow>(() => new ValueFlow(roots));
        _finished = new Lazy<FinishedTasks>(() => new FinishedTasks(roots, owner, Flow));
        Places = new Places(_flow, owner, known, place);
    }

    internal KnownTypes Known { get; }

    /// <summary>Where the method runs, if what it is handed to says that.</summary>
    internal Place Place { get; }

    internal ValueFlow Flow => _flow.Value;

    internal FinishedTasks Finished => _finished.Value;

    internal Places Places { get; }

    internal IEnumerable<IOperation> Operations => _roots.SelectMany(static root => root.DescendantsAndSelf());

    /// <summary>The body of a method that is named, not called; null if it stands in another file. It runs in the given place.</summary>
    internal static Body? Named(IMethodReferenceOperation reference, KnownTypes known, Place place)
        => reference.Method.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault(declaration => declaration.SyntaxTree == reference.Syntax.SyntaxTree) is { } found
            && reference.SemanticModel?.GetOperation(found.GetSyntax()) is { } root
            ? new Body([root], reference.Method, known, place)
            : null;
}
