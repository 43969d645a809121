using System.Reflection;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AsyncioSharp.Analyzers.Tests;

/// <summary>The analyzers of the package.</summary>
internal static class AllAnalyzers
{
    internal static DiagnosticAnalyzer[] Create() => [.. typeof(Rules).Assembly.GetTypes()
        .Where(type => type.GetCustomAttribute<DiagnosticAnalyzerAttribute>() is not null)
        .Select(type => (DiagnosticAnalyzer)Activator.CreateInstance(type)!)];
}
