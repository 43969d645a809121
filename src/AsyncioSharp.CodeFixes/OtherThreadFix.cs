using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AsyncioSharp.CodeFixes;

/// <summary>For ASYNCIO008: hands a call whose result nobody uses over to the loop, where the loop is at hand.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class OtherThreadFix : CodeFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ["ASYNCIO008"];

    private protected override IEnumerable<(string Title, SyntaxNode Old, SyntaxNode New)> Replacements(SyntaxNode node, SemanticModel model, Diagnostic diagnostic)
    {
        if (node is not InvocationExpressionSyntax { Parent: ExpressionStatementSyntax or LambdaExpressionSyntax, Expression: MemberAccessExpressionSyntax access } call
            || !diagnostic.Properties.TryGetValue("receiver", out string? receiver))
        {
            yield break;
        }
        if (receiver == "loop" && access.Name.Identifier.ValueText == "CallSoon")
        {
            yield return ("Call CallSoonThreadsafe", access.Name, SyntaxFactory.IdentifierName("CallSoonThreadsafe"));
        }
        else
        {
            var loop = receiver == "loop"
                ? access.Expression
                : SyntaxFactory.MemberAccessExpression(
                    SyntaxKind.SimpleMemberAccessExpression,
                    access.Expression.WithoutTrivia(),
                    SyntaxFactory.IdentifierName("Loop"));
            yield return ("Hand the call over to the loop", call, SyntaxFactory.InvocationExpression(
                SyntaxFactory.MemberAccessExpression(SyntaxKind.SimpleMemberAccessExpression, loop.WithoutTrivia(), SyntaxFactory.IdentifierName("CallSoonThreadsafe")),
                SyntaxFactory.ArgumentList(SyntaxFactory.SingletonSeparatedList(SyntaxFactory.Argument(
                    SyntaxFactory.ParenthesizedLambdaExpression(call.WithoutTrivia()))))));
        }
    }
}
