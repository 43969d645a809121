using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>
/// What a <c>catch</c> clause does with a <c>CancelledException</c>. Conditions are worked out for an exception of that type: <c>e is IOException</c> is false
/// for it, <c>e is not OutOfMemoryException</c> true, and of most others nothing is known.
/// </summary>
internal sealed class Handler(ICatchClauseOperation clause, Body body)
{
    private readonly ISymbol? _exception = clause.Locals.FirstOrDefault();

    internal ICatchClauseOperation Clause => clause;

    /// <summary>Whether it takes the exception; null if that depends on more.</summary>
    internal bool? Takes => !IsBare(clause) && Holds(clause.ExceptionType) != true ? false : clause.Filter is { } filter ? Holds(filter) : true;

    /// <summary>True for a <c>catch</c> that names no type.</summary>
    internal static bool IsBare(ICatchClauseOperation clause) => ((CatchClauseSyntax)clause.Syntax).Declaration is null;

    /// <summary>True if the exception is thrown on here or later, or the handler asks for it by its name: then somebody thought of it.</summary>
    internal bool PassesOn()
    {
        var inside = OwnOperations(clause.Handler).ToList();
        return inside.Exists(AsksForIt)
            || inside.Exists(operation => Throws(operation) && IsReached(operation))
            || (_exception is not null && IsThrownLater(_exception, new HashSet<ISymbol>(SymbolEqualityComparer.Default)));
    }

    // Without what other functions inside do.
    private static IEnumerable<IOperation> OwnOperations(IOperation operation) => operation is IAnonymousFunctionOperation or ILocalFunctionOperation
        ? []
        : operation.ChildOperations.SelectMany(OwnOperations).Append(operation);

    private bool AsksForIt(IOperation operation) => operation switch
    {
        IIsTypeOperation test => IsIt(test.TypeOperand),
        ITypePatternOperation pattern => IsIt(pattern.MatchedType),
        IDeclarationPatternOperation pattern => IsIt(pattern.MatchedType),
        IRecursivePatternOperation pattern => IsIt(pattern.MatchedType),
        _ => false,
    };

    private bool IsIt(ITypeSymbol? type) => type is not null && (type.Is(body.Known.Cancelled) || SymbolEqualityComparer.Default.Equals(type, body.Known.Cancelled?.BaseType));

    // A throw, or a call that never returns: of its own word, by its name (ExceptionDispatchInfo.Throw, ThrowIfCancellationRequested), or by what is written in it.
    private static bool Throws(IOperation operation) => operation is IThrowOperation
        || (operation is IInvocationOperation { TargetMethod: var method } && (method.Name.StartsWith("Throw", StringComparison.Ordinal)
            || method.GetAttributes().Any(static attribute => attribute.AttributeClass?.Name == "DoesNotReturnAttribute")
            || method.DeclaringSyntaxReferences.Any(static place => EndsByThrowing(place.GetSyntax()))));

    private static bool EndsByThrowing(SyntaxNode declaration) => declaration switch
    {
        MethodDeclarationSyntax method => EndsByThrowing(method.Body, method.ExpressionBody),
        LocalFunctionStatementSyntax local => EndsByThrowing(local.Body, local.ExpressionBody),
        _ => false,
    };

    private static bool EndsByThrowing(BlockSyntax? block, ArrowExpressionClauseSyntax? expression) => expression?.Expression is ThrowExpressionSyntax
        || (block?.Statements.LastOrDefault() is ThrowStatementSyntax && !block.DescendantNodes().Any(static node => node is ReturnStatementSyntax));

    // Not behind a jump, and not under a condition that is false for the exception.
    private bool IsReached(IOperation thrower)
    {
        for (var (child, current) = (thrower, thrower.Parent); current is not null && child != clause.Handler; (child, current) = (current, current.Parent))
        {
            bool? taken = current switch
            {
                IConditionalOperation choice when choice.WhenTrue == child => Holds(choice.Condition),
                IConditionalOperation choice when choice.WhenFalse == child => !Holds(choice.Condition),
                IBlockOperation block when child is not ILabeledOperation => !block.Operations.TakeWhile(operation => operation != child).Reverse()
                    .TakeWhile(static operation => operation is not ILabeledOperation)
                    .Any(static operation => operation is IBranchOperation or IReturnOperation or IThrowOperation),
                ISwitchCaseOperation branch
                    => branch.Clauses.All(label => label is IPatternCaseClauseOperation { Pattern: var pattern }
                        && IsOfException(branch.Parent) && Holds(pattern) == false)
                        ? false : null,
                ISwitchExpressionArmOperation arm => IsOfException(arm.Parent) ? Holds(arm.Pattern) : null,
                _ => null,
            };
            if (taken == false)
            {
                return false;
            }
        }
        return true;
    }

    private bool IsOfException(IOperation? choice)
        => (choice as ISwitchOperation)?.Value is { } value
            ? IsException(value)
            : (choice as ISwitchExpressionOperation)?.Value is { } other && IsException(other);

    private bool IsException(IOperation value) => _exception is not null && SymbolEqualityComparer.Default.Equals(value.Variable(), _exception);

    // Kept in a variable, as it is or in another exception, that is thrown at some other place: 'failure ??= e; ... throw failure'.
    private bool IsThrownLater(ISymbol variable, HashSet<ISymbol> seen)
        => seen.Add(variable) && body.Flow.Reads(variable).SelectMany(KeptIn).Any(kept => kept is ILocalSymbol or IParameterSymbol
            ? body.Flow.Reads(kept).Any(IsThrown) || IsThrownLater(kept, seen)
            : IsThrownInType(kept));

    private static bool IsThrown(IOperation read)
    {
        // 'await source.Task' throws what 'source.SetException' was given.
        if ((read.Parent is IPropertyReferenceOperation { Property.Name: "Task" } task ? task : read).Parent is IAwaitOperation)
        {
            return true;
        }
        for (var current = read.Parent; current is not (null or IBlockOperation); current = current.Parent)
        {
            if (Throws(current) || (current is IConditionalAccessOperation { WhenNotNull: var next } && Throws(next)))
            {
                return true;
            }
        }
        return false;
    }

    // The variables or the collection that the value goes into, be it inside another value: by assignments and calls, 'foreach', 'out' and patterns.
    private IEnumerable<ISymbol> KeptIn(IOperation read)
    {
        for (var current = read; current.Parent is not (null or IBlockOperation); current = current.Parent)
        {
            switch (current.Parent)
            {
                case IVariableDeclaratorOperation declarator:
                    return [declarator.Symbol];
                case IAssignmentOperation assignment when assignment.Value == current:
                    return assignment.Target.Variable() is { } target ? [target] : [];
                case IInvocationOperation { Instance: { } collection, TargetMethod: { Name: "Add" or "Enqueue" or "Push" or "SetException" or "TrySetException" } keeper }
                    when current != collection && (keeper.ContainingNamespace.IsOrIn("System") || body.Known.IsOurs(keeper)):
                    return collection.Variable() is { } taker ? [taker] : [];
                case IInvocationOperation { TargetMethod: var method } call
                    when current == call.Instance && method.ContainingNamespace.IsOrIn("System") && method.Parameters.Any(static parameter => parameter.RefKind == RefKind.Out):
                    return call.Arguments.Where(static argument => argument.Parameter?.RefKind == RefKind.Out)
                        .Select(static argument => (argument.Value is IDeclarationExpressionOperation { Expression: var declared } ? declared : argument.Value).Variable())
                        .OfType<ISymbol>();
                case IForEachLoopOperation loop when loop.Collection == current:
                    return loop.Locals;
                case IIsPatternOperation test when test.Value == current:
                    return Bound([test.Pattern]);
                case ISwitchOperation choice when choice.Value == current:
                    return Bound(choice.Cases.SelectMany(static branch => branch.Clauses).OfType<IPatternCaseClauseOperation>().Select(static label => label.Pattern));
                case ISwitchExpressionOperation choice when choice.Value == current:
                    return Bound(choice.Arms.Select(static arm => arm.Pattern));
                default:
                    break;
            }
        }
        return [];
    }

    // The variables of patterns that a CancelledException may match.
    private IEnumerable<ISymbol> Bound(IEnumerable<IPatternOperation> patterns) => patterns
        .SelectMany(static pattern => pattern.DescendantsAndSelf())
        .OfType<IPatternOperation>()
        .Where(pattern => Holds(pattern) != false)
        .Select(static pattern => pattern switch
        {
            IDeclarationPatternOperation { DeclaredSymbol: var declared } => declared,
            IRecursivePatternOperation { DeclaredSymbol: var declared } => declared,
            IListPatternOperation { DeclaredSymbol: var declared } => declared,
            _ => null,
        })
        .OfType<ISymbol>();

    private static bool IsThrownInType(ISymbol member) => member.ContainingType.DeclaringSyntaxReferences.Any(
        place => place.GetSyntax().DescendantNodes().OfType<IdentifierNameSyntax>()
        .Any(name => name.Identifier.ValueText == member.Name && name.Ancestors().TakeWhile(static outer => outer is not BlockSyntax).Any(static outer => outer switch
        {
            ThrowStatementSyntax or ThrowExpressionSyntax => true,
            InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: var called } }
                => called.StartsWith("Throw", StringComparison.Ordinal),
            _ => false,
        })));

    // What a condition is for a CancelledException; null if that is not known.
    private bool? Holds(IOperation condition) => condition.Bare() switch
    {
        { ConstantValue: { HasValue: true, Value: bool value } } => value,
        IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not => !Holds(not.Operand),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalAnd or BinaryOperatorKind.And } and => And(Holds(and.LeftOperand), Holds(and.RightOperand)),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalOr or BinaryOperatorKind.Or } or => !And(!Holds(or.LeftOperand), !Holds(or.RightOperand)),
        IIsTypeOperation test when IsException(test.ValueOperand) => Holds(test.TypeOperand),
        IIsPatternOperation test when IsException(test.Value) => Holds(test.Pattern),
        _ => null,
    };

    private bool? Holds(IPatternOperation pattern) => pattern switch
    {
        ITypePatternOperation type => Holds(type.MatchedType),
        IDeclarationPatternOperation declaration => declaration.MatchedType is null ? true : Holds(declaration.MatchedType), // 'var x'
        IRecursivePatternOperation recursive
            => And(
                Holds(recursive.MatchedType),
                recursive.PropertySubpatterns.IsEmpty && recursive.DeconstructionSubpatterns.IsEmpty ? true : null),
        INegatedPatternOperation not => !Holds(not.Pattern),
        IBinaryPatternOperation { OperatorKind: BinaryOperatorKind.And } and => And(Holds(and.LeftPattern), Holds(and.RightPattern)),
        IBinaryPatternOperation or => !And(!Holds(or.LeftPattern), !Holds(or.RightPattern)),
        IDiscardPatternOperation => true,
        IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: null } } => false,
        _ => null,
    };

    private bool? Holds(ITypeSymbol? type) => type is not INamedTypeSymbol named || named.TypeKind != TypeKind.Class ? null
        : body.Known.Cancelled.Is(named) ? true
        : named.Is(body.Known.Cancelled) ? null
        : false;

    private static bool? And(bool? one, bool? other) => one == false || other == false ? false : one == true && other == true ? true : null;
}
