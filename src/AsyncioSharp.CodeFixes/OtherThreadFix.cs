using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.CodeFixes;

/// <summary>
/// For ASYNCIO008: hands a call whose result nobody uses over to the loop, where the loop is at hand. What the call is made on and what it is given is worked out
/// before it is handed over, as it was before: later a variable may hold another value, and the loop is no place for the work of the thread.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class OtherThreadFix : CodeFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ["ASYNCIO008"];

    private protected override IEnumerable<(string Title, SyntaxNode Old, SyntaxNode New)> Replacements(SyntaxNode node, SemanticModel model, Diagnostic diagnostic)
    {
        if (node is not InvocationExpressionSyntax
            {
                Parent: ExpressionStatementSyntax or LambdaExpressionSyntax, Expression: MemberAccessExpressionSyntax { Expression: not BaseExpressionSyntax } access,
            } call
            || !diagnostic.Properties.TryGetValue("receiver", out string? receiver))
        {
            yield break;
        }
        if (receiver == "loop" && access.Name.Identifier.ValueText == "CallSoon")
        {
            yield return ("Call CallSoonThreadsafe", access.Name, SyntaxFactory.IdentifierName("CallSoonThreadsafe"));
        }
        else if (IsDropped(call, model) && IsOnlyRead(access.Expression, model)
            && (Given(call, access, model) ?? Inside(call, access, receiver!)) is { } arguments)
        {
            var loop = receiver == "loop" ? access.Expression.WithoutTrivia() : Member(access.Expression.WithoutTrivia(), "Loop");
            yield return ("Hand the call over to the loop", call, SyntaxFactory.InvocationExpression(Member(loop, "CallSoonThreadsafe"), arguments));
        }
    }

    // (f.SetResult, x): for a method that gives nothing and takes one thing at most, of a type that a delegate takes for the method's own.
    private static ArgumentListSyntax? Given(InvocationExpressionSyntax call, MemberAccessExpressionSyntax access, SemanticModel model)
    {
        var given = call.ArgumentList.Arguments;
        bool isTaken = model.GetSymbolInfo(call).Symbol is IMethodSymbol { ReturnsVoid: true, Parameters.Length: < 2 and var count } && given.Count == count
            && given.All(argument => argument.NameColon is null && model.GetConversion(argument.Expression) is { IsIdentity: true } or { IsReference: true });
        return isTaken ? call.ArgumentList.WithArguments(given.Insert(0, SyntaxFactory.Argument(access.WithoutTrivia()))) : null;
    }

    // (future => future.Cancel("x"), t): for any method, if what it is given is always the same.
    private static ArgumentListSyntax? Inside(InvocationExpressionSyntax call, MemberAccessExpressionSyntax access, string receiver)
    {
        if (!call.ArgumentList.Arguments.All(static argument => argument.Expression is LiteralExpressionSyntax))
        {
            return null;
        }
        var lambda = SyntaxFactory.SimpleLambdaExpression(
            SyntaxFactory.Parameter(SyntaxFactory.Identifier(receiver)),
            call.WithExpression(access.WithExpression(SyntaxFactory.IdentifierName(receiver))).WithoutTrivia());
        return SyntaxFactory.ArgumentList(SyntaxFactory.SeparatedList([SyntaxFactory.Argument(lambda), SyntaxFactory.Argument(access.Expression.WithoutTrivia())]));
    }

    private static MemberAccessExpressionSyntax Member(ExpressionSyntax of, string name)
        => SyntaxFactory.MemberAccessExpression(SyntaxKind.SimpleMemberAccessExpression, of, SyntaxFactory.IdentifierName(name));

    // The value of a lambda may be used by whom it is given to.
    private static bool IsDropped(InvocationExpressionSyntax call, SemanticModel model) => call.Parent is ExpressionStatementSyntax
        || model.GetTypeInfo(call).Type is { SpecialType: SpecialType.System_Void }
        || model.GetSymbolInfo(call.Parent!).Symbol is IMethodSymbol { ReturnsVoid: true };

    // What the call is made on is written twice.
    private static bool IsOnlyRead(ExpressionSyntax receiver, SemanticModel model)
        => model.GetOperation(receiver) is { } value && value.DescendantsAndSelf().All(static part => part
            is ILocalReferenceOperation or IParameterReferenceOperation or IFieldReferenceOperation or IPropertyReferenceOperation or IInstanceReferenceOperation
            or IArrayElementReferenceOperation or IArgumentOperation or IConversionOperation or ILiteralOperation);
}
