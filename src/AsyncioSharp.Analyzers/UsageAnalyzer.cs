using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AsyncioSharp.Analyzers;

/// <summary>What the analyzers share: each looks at hand-written code only, concurrently, and not at all where AsyncioSharp is not used.</summary>
public abstract class UsageAnalyzer : DiagnosticAnalyzer
{
    private readonly ImmutableArray<DiagnosticDescriptor> _rules;

    private protected UsageAnalyzer(params ImmutableArray<DiagnosticDescriptor> rules) => _rules = rules;

    /// <inheritdoc/>
    public sealed override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => _rules;

    /// <inheritdoc/>
    public sealed override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(start =>
        {
            if (KnownTypes.Of(start.Compilation) is { } known)
            {
                Start(start, known);
            }
        });
    }

    private protected abstract void Start(CompilationStartAnalysisContext start, KnownTypes known);
}
