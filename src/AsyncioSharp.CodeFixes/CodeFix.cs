using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;
using Microsoft.CodeAnalysis.Simplification;

namespace AsyncioSharp.CodeFixes;

/// <summary>What the fixes share: each replaces one node of the file that the diagnostic points at by another.</summary>
public abstract class CodeFix : CodeFixProvider
{
    /// <inheritdoc/>
    public sealed override FixAllProvider? GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public sealed override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        if (root is null)
        {
            return;
        }
        foreach (var diagnostic in context.Diagnostics)
        {
            var node = root.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true);
            foreach (var (title, old, replacement) in Replacements(node, diagnostic))
            {
                context.RegisterCodeFix(
                    CodeAction.Create(title, _ => Task.FromResult(context.Document.WithSyntaxRoot(Replaced(root, old, replacement))), equivalenceKey: title),
                    diagnostic);
            }
        }
    }

    /// <summary>The fixes that fit.</summary>
    /// <param name="node">What the diagnostic points at.</param>
    /// <param name="diagnostic">The diagnostic.</param>
    /// <returns>For each fix, what it is called, what it replaces, and by what.</returns>
    private protected abstract IEnumerable<(string Title, SyntaxNode Old, SyntaxNode New)> Replacements(SyntaxNode node, Diagnostic diagnostic);

    /// <summary>True if an <c>await</c> may be written where <paramref name="node"/> stands.</summary>
    private protected static bool MayAwait(SyntaxNode node)
    {
        foreach (var outer in node.Ancestors())
        {
            switch (outer)
            {
                case LockStatementSyntax or CatchFilterClauseSyntax:
                    return false;
                case AnonymousFunctionExpressionSyntax lambda:
                    return lambda.AsyncKeyword.IsKind(SyntaxKind.AsyncKeyword);
                case LocalFunctionStatementSyntax local:
                    return local.Modifiers.Any(SyntaxKind.AsyncKeyword);
                case BaseMethodDeclarationSyntax method:
                    return method.Modifiers.Any(SyntaxKind.AsyncKeyword);
                case MemberDeclarationSyntax and not GlobalStatementSyntax:
                    return false;
                default:
                    break;
            }
        }
        return false; // of top-level statements: an await there does not run on a loop
    }

    /// <summary><c>await x</c>, in parentheses where what stands around needs them.</summary>
    private protected static ExpressionSyntax Awaited(ExpressionSyntax expression, SyntaxNode place)
    {
        ExpressionSyntax wait = SyntaxFactory.AwaitExpression(expression.WithoutTrivia());
        if (place.Parent is MemberAccessExpressionSyntax or ElementAccessExpressionSyntax or ConditionalAccessExpressionSyntax or InvocationExpressionSyntax or PostfixUnaryExpressionSyntax)
        {
            wait = SyntaxFactory.ParenthesizedExpression(wait);
        }
        return wait;
    }

    /// <summary><c>method(arguments)</c>, the method given by its full name; shortened where a <c>using</c> allows.</summary>
    private protected static InvocationExpressionSyntax Call(string method, params IEnumerable<ExpressionSyntax> arguments) => SyntaxFactory.InvocationExpression(
        SyntaxFactory.ParseExpression($"global::{method}").WithAdditionalAnnotations(Simplifier.Annotation),
        SyntaxFactory.ArgumentList(SyntaxFactory.SeparatedList(arguments.Select(SyntaxFactory.Argument))));

    private static SyntaxNode Replaced(SyntaxNode root, SyntaxNode old, SyntaxNode replacement)
        => root.ReplaceNode(old, replacement.WithTriviaFrom(old).WithAdditionalAnnotations(Formatter.Annotation));
}
