using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AsyncioSharp.CodeFixes;

/// <summary>
/// For ASYNCIO002, where a variable that was given a call is used in several places: one task of it, if all that is done with the variable is to await it; or the
/// call again, if that means the same again, having no arguments but constants. A loop that awaits what was made outside of it gets none: what
/// is meant there, and where the call then belongs, is for its author to say.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class CoroutineReuseFix : CodeFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ["ASYNCIO002"];

    private protected override IEnumerable<(string Title, SyntaxNode Old, SyntaxNode New)> Replacements(SyntaxNode node, SemanticModel model, Diagnostic diagnostic)
    {
        if (node is not IdentifierNameSyntax use || DeclarationOf(use) is not { Initializer.Value: InvocationExpressionSyntax call } variable)
        {
            yield break;
        }
        var uses = UsesOf(variable);
        if (uses.Count < 2)
        {
            yield break;
        }
        if (variable.Parent is VariableDeclarationSyntax { Type.IsVar: true } && uses.TrueForAll(static use => use.Parent is AwaitExpressionSyntax))
        {
            yield return ("Make one task of it", call, Call("AsyncioSharp.Asyncio.CreateTask", call.WithoutTrivia()));
        }
        if (!uses.Exists(IsAssigned)
            && call.Expression is IdentifierNameSyntax
            && call.ArgumentList.Arguments.All(static argument => argument.Expression is LiteralExpressionSyntax))
        {
            yield return ("Call the method again", use, call.WithoutTrivia());
        }
    }

    // In the first block outwards that declares the name.
    private static VariableDeclaratorSyntax? DeclarationOf(IdentifierNameSyntax use) => use.Ancestors().OfType<BlockSyntax>()
        .SelectMany(static block => block.Statements.OfType<LocalDeclarationStatementSyntax>())
        .SelectMany(static statement => statement.Declaration.Variables)
        .FirstOrDefault(variable => variable.Identifier.ValueText == use.Identifier.ValueText);

    private static List<IdentifierNameSyntax> UsesOf(VariableDeclaratorSyntax variable) => [.. variable.FirstAncestorOrSelf<BlockSyntax>()!.DescendantNodes()
        .OfType<IdentifierNameSyntax>()
        .Where(name => name.Identifier.ValueText == variable.Identifier.ValueText && !(name.Parent is MemberAccessExpressionSyntax access && access.Name == name))];

    private static bool IsAssigned(IdentifierNameSyntax use)
        => (use.Parent is AssignmentExpressionSyntax assignment && assignment.Left == use) || use.Parent is ArgumentSyntax { RefKindKeyword.RawKind: not 0 };
}
