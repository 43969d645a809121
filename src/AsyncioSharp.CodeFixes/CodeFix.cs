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
        var model = await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false);
        if (root is null || model is null)
        {
            return;
        }
        foreach (var diagnostic in context.Diagnostics)
        {
            var node = root.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true);
            foreach (var (title, old, replacement) in Replacements(node, model, diagnostic))
            {
                context.RegisterCodeFix(
                    CodeAction.Create(title, _ => Task.FromResult(context.Document.WithSyntaxRoot(Replaced(root, old, replacement))), equivalenceKey: title),
                    diagnostic);
            }
        }
    }

    /// <summary>The fixes that fit.</summary>
    /// <param name="node">What the diagnostic points at.</param>
    /// <param name="model">What its file means.</param>
    /// <param name="diagnostic">The diagnostic.</param>
    /// <returns>For each fix, what it is called, what it replaces, and by what.</returns>
    private protected abstract IEnumerable<(string Title, SyntaxNode Old, SyntaxNode New)> Replacements(SyntaxNode node, SemanticModel model, Diagnostic diagnostic);

    /// <summary>True if an <c>await</c> may be written where <paramref name="node"/> stands.</summary>
    private protected static bool MayAwait(SyntaxNode node)
    {
        foreach (var outer in node.Ancestors())
        {
            switch (outer)
            {
                case LockStatementSyntax or CatchFilterClauseSyntax or UnsafeStatementSyntax:
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

    /// <summary>True if <c>_ =</c> at <paramref name="position"/> discards: no variable of that name is in sight.</summary>
    private protected static bool MayDiscard(SemanticModel model, int position) => model.LookupSymbols(position, name: "_").IsEmpty;

    /// <summary>True for the part of <c>a?.b.c</c> that stands behind the question mark; alone it is no expression.</summary>
    private protected static bool IsConditional(ExpressionSyntax expression) => expression switch
    {
        MemberBindingExpressionSyntax or ElementBindingExpressionSyntax => true,
        MemberAccessExpressionSyntax access => IsConditional(access.Expression),
        InvocationExpressionSyntax call => IsConditional(call.Expression),
        ElementAccessExpressionSyntax access => IsConditional(access.Expression),
        PostfixUnaryExpressionSyntax postfix => IsConditional(postfix.Operand),
        _ => false,
    };

    /// <summary><c>await x</c>, with parentheses inside and around where they are needed.</summary>
    private protected static ExpressionSyntax Awaited(ExpressionSyntax expression, SyntaxNode place)
    {
        var operand = expression.WithoutTrivia();
        if (operand is ConditionalExpressionSyntax or BinaryExpressionSyntax or SwitchExpressionSyntax or AssignmentExpressionSyntax or IsPatternExpressionSyntax
            or RangeExpressionSyntax or WithExpressionSyntax or AnonymousFunctionExpressionSyntax or QueryExpressionSyntax)
        {
            operand = SyntaxFactory.ParenthesizedExpression(operand);
        }
        ExpressionSyntax wait = SyntaxFactory.AwaitExpression(operand);
        if (place.Parent is MemberAccessExpressionSyntax or ElementAccessExpressionSyntax or ConditionalAccessExpressionSyntax
            or InvocationExpressionSyntax or PostfixUnaryExpressionSyntax)
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
