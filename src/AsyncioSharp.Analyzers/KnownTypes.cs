using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AsyncioSharp.Analyzers;

/// <summary>The types of AsyncioSharp as a compilation sees them.</summary>
internal sealed class KnownTypes
{
    private readonly INamedTypeSymbol? _genericCoroutine;

    private KnownTypes(INamedTypeSymbol coroutine, Compilation compilation)
    {
        Coroutine = coroutine;
        Library = coroutine.ContainingAssembly;
        _genericCoroutine = compilation.GetTypeByMetadataName("AsyncioSharp.Coroutine`1");
        Awaitable = compilation.GetTypeByMetadataName("AsyncioSharp.IAwaitable");
        Future = compilation.GetTypeByMetadataName("AsyncioSharp.Future");
        Asyncio = compilation.GetTypeByMetadataName("AsyncioSharp.Asyncio");
        EventLoop = compilation.GetTypeByMetadataName("AsyncioSharp.EventLoop");
        ConcurrentFuture = compilation.GetTypeByMetadataName("AsyncioSharp.ConcurrentFuture");
        Cancelled = compilation.GetTypeByMetadataName("AsyncioSharp.CancelledException");
    }

    internal INamedTypeSymbol Coroutine { get; }

    internal INamedTypeSymbol? Awaitable { get; }

    internal INamedTypeSymbol? Future { get; }

    internal INamedTypeSymbol? Asyncio { get; }

    internal INamedTypeSymbol? EventLoop { get; }

    internal INamedTypeSymbol? ConcurrentFuture { get; }

    internal INamedTypeSymbol? Cancelled { get; }

    /// <summary>The assembly of AsyncioSharp.</summary>
    internal IAssemblySymbol Library { get; }

    /// <summary>The types, or null for a compilation that does not use AsyncioSharp.</summary>
    internal static KnownTypes? Of(Compilation compilation)
        => compilation.GetTypeByMetadataName("AsyncioSharp.Coroutine") is { } coroutine ? new KnownTypes(coroutine, compilation) : null;

    internal bool IsCoroutine(ITypeSymbol? type) => type.Is(Coroutine);

    internal bool IsFuture(ITypeSymbol? type) => type.Is(Future) || (type is INamedTypeSymbol { Name: "IFuture" } named && IsOurs(named));

    /// <summary>True for a list of coroutines that were made; a query makes new ones each time.</summary>
    internal bool IsListOfCoroutines(ITypeSymbol? type) => type switch
    {
        IArrayTypeSymbol array => IsCoroutine(array.ElementType),
        INamedTypeSymbol { TypeArguments: { Length: 1 } element, Name: "List" or "IList" or "IReadOnlyList" or "ICollection" or "IReadOnlyCollection" or "ImmutableArray" }
            => IsCoroutine(element[0]),
        _ => false,
    };

    /// <summary>True for the type of what is run, or stands for something that runs.</summary>
    internal bool IsOfUse(ITypeSymbol? type)
        => type is null or { IsTupleType: true } || type.Is(Awaitable)
            || (type is INamedTypeSymbol { TypeArguments: var inner } && inner.Any(IsCoroutine))
        || (type is IArrayTypeSymbol array && IsCoroutine(array.ElementType));

    internal bool IsOurs(ISymbol symbol) => SymbolEqualityComparer.Default.Equals(symbol.ContainingAssembly, Library);

    /// <summary>True for an <c>async</c> method, local function or lambda whose body runs as a coroutine.</summary>
    internal bool IsCoroutineFunction(ISymbol? function) => function is IMethodSymbol { IsAsync: true } method
        && (method.ReturnType.Equals(Coroutine, SymbolEqualityComparer.Default) || method.ReturnType.OriginalDefinition.Equals(_genericCoroutine, SymbolEqualityComparer.Default));
}

/// <summary>Small questions about symbols and operations.</summary>
internal static class Questions
{
    /// <summary>True for <c>TimeSpan.Zero</c>.</summary>
    internal static bool IsZeroTime(this IOperation value) => value is IFieldReferenceOperation { Field: { Name: "Zero", ContainingType.Name: "TimeSpan" } };

    /// <summary>True if <paramref name="type"/> is <paramref name="ancestor"/>, or derives from it or implements it.</summary>
    internal static bool Is(this ITypeSymbol? type, INamedTypeSymbol? ancestor)
    {
        if (type is null || ancestor is null)
        {
            return false;
        }
        if (ancestor.TypeKind == TypeKind.Interface)
        {
            foreach (var implemented in type.AllInterfaces)
            {
                if (SymbolEqualityComparer.Default.Equals(implemented.OriginalDefinition, ancestor))
                {
                    return true;
                }
            }
        }
        for (var current = type; current is not null; current = current.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(current.OriginalDefinition, ancestor))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>True for the type of this full name, written without type arguments.</summary>
    internal static bool IsNamed(this ITypeSymbol? type, string name)
        => type is not null && type.OriginalDefinition.ToDisplayString(PlainName) == name;

    /// <summary>True for a namespace, at whatever depth, below one of the outermost.</summary>
    internal static bool IsOrIn(this INamespaceSymbol? space, string outermost)
    {
        while (space is { ContainingNamespace: { IsGlobalNamespace: false } outer })
        {
            space = outer;
        }
        return space?.Name == outermost;
    }

    /// <summary>The innermost lambda, local function or method around an operation.</summary>
    internal static ISymbol? Function(this IOperation operation, ISymbol containing)
    {
        for (var current = operation.Parent; current is not null; current = current.Parent)
        {
            switch (current)
            {
                case IAnonymousFunctionOperation lambda:
                    return lambda.Symbol;
                case ILocalFunctionOperation local:
                    return local.Symbol;
                default:
                    break;
            }
        }
        return containing;
    }

    /// <summary>The innermost operation of a kind around an operation, within the same statement.</summary>
    internal static T? Ancestor<T>(this IOperation operation)
        where T : class, IOperation
    {
        var current = operation.Parent;
        while (current is not (null or T or IBlockOperation))
        {
            current = current.Parent;
        }
        return current as T;
    }

    /// <summary>The operation without the conversions and parentheses around it. What stands for the value before a <c>?.</c> behind it, is that value.</summary>
    internal static IOperation Bare(this IOperation operation)
    {
        while (true)
        {
            switch (operation)
            {
                case IConversionOperation conversion when conversion.OperatorMethod is null:
                    operation = conversion.Operand;
                    break;
                case IParenthesizedOperation parenthesized:
                    operation = parenthesized.Operand;
                    break;
                case IConditionalAccessInstanceOperation when Receiver(operation) is { } receiver:
                    operation = receiver;
                    break;
                default:
                    return operation;
            }
        }
    }

    private static IOperation? Receiver(IOperation instance)
    {
        for (var (part, outer) = (instance, instance.Parent); outer is not null; (part, outer) = (outer, outer.Parent))
        {
            if (outer is IConditionalAccessOperation access && access.WhenNotNull == part)
            {
                return access.Operation;
            }
        }
        return null; // in a flow graph, where the value has a name of its own
    }

    /// <summary>The local, parameter, field or property that an operation reads; null for anything else.</summary>
    internal static ISymbol? Variable(this IOperation? operation) => operation?.Bare() switch
    {
        ILocalReferenceOperation local => local.Local,
        IParameterReferenceOperation parameter => parameter.Parameter,
        IFieldReferenceOperation field => field.Field,
        IPropertyReferenceOperation property => property.Property,
        _ => null,
    };

    /// <summary>What an expression is called in a message.</summary>
    internal static string Title(this IOperation operation, CancellationToken cancellation) => operation.Bare() switch
    {
        IInvocationOperation invocation => Name(invocation.TargetMethod),
        IConditionalAccessOperation access => access.WhenNotNull.Title(cancellation),
        { } other when other.Variable() is { } variable => variable.Name,
        { } other => Shortened(other.Syntax.ToString()),
    };

    /// <summary><c>Type.Method</c>, or <c>Method</c> for a local function.</summary>
    internal static string Name(IMethodSymbol method) => method.MethodKind == MethodKind.LocalFunction ? method.Name : $"{method.ContainingType.Name}.{method.Name}";

    internal static readonly SymbolDisplayFormat PlainName = new(typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces);

    private static string Shortened(string text) => text.Length <= 40 && text.IndexOf('\n') < 0 ? text : text.Substring(0, Math.Min(40, Math.Max(0, text.IndexOf('\n')))) + "...";
}
