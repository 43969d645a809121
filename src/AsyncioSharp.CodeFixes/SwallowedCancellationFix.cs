using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Simplification;

namespace AsyncioSharp.CodeFixes;

/// <summary>For ASYNCIO004: a filter that lets cancellation pass, before the one that is there; or a rethrow at the end of the handler.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class SwallowedCancellationFix : CodeFix
{
    private static readonly string[] s_names = ["e", "exception", "error"];

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ["ASYNCIO004"];

    private protected override IEnumerable<(string Title, SyntaxNode Old, SyntaxNode New)> Replacements(SyntaxNode node, SemanticModel model, Diagnostic diagnostic)
    {
        if (node.FirstAncestorOrSelf<CatchClauseSyntax>() is not { } clause)
        {
            yield break;
        }
        if (!diagnostic.Properties.ContainsKey("meant")) // 'catch (CancelledException e) when (e is not CancelledException)' would be silly
        {
            yield return ("Let cancellation pass", clause, WithFilter(clause, model));
        }
        if (model.AnalyzeControlFlow(clause.Block) is { Succeeded: true, EndPointIsReachable: true })
        {
            yield return ("Rethrow", clause, clause.AddBlockStatements(SyntaxFactory.ThrowStatement()));
        }
    }

    private static CatchClauseSyntax WithFilter(CatchClauseSyntax clause, SemanticModel model)
    {
        var declaration = clause.Declaration ?? SyntaxFactory.CatchDeclaration(Name("global::System.Exception"));
        if (declaration.Identifier.IsKind(SyntaxKind.None))
        {
            declaration = declaration.WithIdentifier(SyntaxFactory.Identifier(FreeName(clause, model)));
        }
        ExpressionSyntax condition = SyntaxFactory.IsPatternExpression(
            SyntaxFactory.IdentifierName(declaration.Identifier.WithoutTrivia()),
            SyntaxFactory.UnaryPattern(SyntaxFactory.Token(SyntaxKind.NotKeyword), SyntaxFactory.TypePattern(Name("global::AsyncioSharp.CancelledException"))));
        if (clause.Filter?.FilterExpression.WithoutTrivia() is { } present)
        {
            condition = SyntaxFactory.BinaryExpression(
                SyntaxKind.LogicalAndExpression,
                condition,
                IsLooserThanAnd(present) ? SyntaxFactory.ParenthesizedExpression(present) : present);
        }
        var filter = SyntaxFactory.CatchFilterClause(condition);
        // The line break after 'catch' or 'catch (Exception)' belongs behind the filter.
        return clause
            .WithCatchKeyword(clause.CatchKeyword.WithTrailingTrivia(SyntaxFactory.Space))
            .WithDeclaration(declaration.WithoutTrivia())
            .WithFilter(filter.NormalizeWhitespace().WithLeadingTrivia(SyntaxFactory.Space).WithTrailingTrivia(clause.Block.GetFirstToken().GetPreviousToken().TrailingTrivia));
    }

    private static bool IsLooserThanAnd(ExpressionSyntax expression) => expression.Kind()
        is SyntaxKind.LogicalOrExpression or SyntaxKind.CoalesceExpression or SyntaxKind.ConditionalExpression or SyntaxKind.SimpleAssignmentExpression;

    // One that neither the places around the handler know nor the handler itself.
    private static string FreeName(CatchClauseSyntax clause, SemanticModel model)
    {
        var used = new HashSet<string>(clause.DescendantTokens().Where(static token => token.IsKind(SyntaxKind.IdentifierToken)).Select(static token => token.ValueText));
        return s_names.Concat(Enumerable.Range(2, int.MaxValue - 1).Select(static number => $"e{number}"))
            .First(name => !used.Contains(name) && model.LookupSymbols(clause.SpanStart, name: name).IsEmpty);
    }

    private static TypeSyntax Name(string name) => SyntaxFactory.ParseTypeName(name).WithAdditionalAnnotations(Simplifier.Annotation);
}
