namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>A source file as the layer check sees it: its path below src/AsyncioSharp, with '/' between folders, and its text.</summary>
public readonly record struct SourceFile(string Path, string Text)
{
    /// <summary>The first folder of the path; empty for a file that lies in none.</summary>
    public string Folder => Path.Contains('/') ? Path[..Path.IndexOf('/')] : "";
}

/// <summary>
/// Finds mentions of types that a folder must not know. A type belongs to the first folder, in the order of the table, that declares it
/// (so <c>partial class Asyncio</c> belongs to the lowest one with a fragment of it); nested types belong to their outer type and are not
/// looked at. What a mention is, is decided by name: see <see cref="IsMention"/>.
/// </summary>
public sealed class LayerRules(IReadOnlyList<(string Folder, string[] Knows)> layers)
{
    private readonly Dictionary<string, string[]> _knows = layers.ToDictionary(layer => layer.Folder, layer => layer.Knows);
    private readonly List<string> _order = [.. layers.Select(layer => layer.Folder)];

    /// <summary>One line for each mention that the table forbids, and for each file and folder that it does not place.</summary>
    public IReadOnlyList<string> Violations(IEnumerable<SourceFile> sources)
    {
        var files = sources.Select(source => (source.Path, source.Folder, Tokens: CSharpTokens.Of(source.Text))).ToList();
        var violations = new List<string>();
        var home = new Dictionary<string, string>();

        foreach (var (path, folder, tokens) in files)
        {
            var declared = DeclaredTypes(tokens);
            if (!_knows.ContainsKey(folder))
            {
                if (folder.Length > 0)
                    violations.Add($"{path}: the folder {folder} is not in the table of layers");
                else if (declared.Count > 0)
                    violations.Add($"{path}: declares {string.Join(", ", declared)} outside of every layer");
                continue;
            }

            foreach (var type in declared)
            {
                if (!home.TryGetValue(type, out var other) || _order.IndexOf(folder) < _order.IndexOf(other))
                    home[type] = folder;
            }
        }

        foreach (var (path, folder, tokens) in files)
        {
            if (!_knows.TryGetValue(folder, out var known))
                continue;

            foreach (var (name, line) in Mentions(tokens, home.ContainsKey).Distinct())
            {
                if (home[name] != folder && !known.Contains(home[name]))
                    violations.Add($"{path}:{line}: {folder} must not know {home[name]}, but mentions {name}");
            }
        }

        return violations;
    }

    /// <summary>The names of the types that a file declares outside of other types, without type parameters.</summary>
    public static IReadOnlyList<string> DeclaredTypes(IReadOnlyList<CSharpToken> tokens)
    {
        var types = new List<string>();
        var insideType = 0;
        for (var i = 0; i < tokens.Count; i++)
        {
            switch (tokens[i].Text)
            {
                case "namespace":
                    // The braces of a namespace do not count.
                    while (i + 1 < tokens.Count && tokens[i].Text is not ("{" or ";"))
                        i++;
                    break;
                case "{":
                    insideType++;
                    break;
                case "}":
                    insideType = Math.Max(0, insideType - 1);
                    break;
                case "class" or "struct" or "interface" or "enum" or "record" when insideType == 0 && IsName(tokens, i + 1):
                    // 'where T : class where U : ...' and 'record struct Name' have a word behind them that is no name.
                    if (tokens[i + 1].Text != "where")
                        types.Add(tokens[i + 1].Text.TrimStart('@'));
                    break;
                case "delegate" when insideType == 0:
                    if (DelegateName(tokens, i) is { } name)
                        types.Add(name);
                    break;
            }
        }

        return [.. types.Distinct()];
    }

    private static bool IsName(IReadOnlyList<CSharpToken> tokens, int index)
        => index < tokens.Count && tokens[index].IsWord && !IsKeyword(tokens[index].Text);

    /// <summary>The word before the parameter list, or before the type parameters in front of it.</summary>
    private static string? DelegateName(IReadOnlyList<CSharpToken> tokens, int index)
    {
        // The return type may be a tuple, so the parameter list is the last parenthesis at depth 0 before the end or a constraint.
        var depth = 0;
        var parameters = -1;
        for (var i = index + 1; i < tokens.Count && !(depth == 0 && tokens[i].Text is ";" or "where"); i++)
        {
            if (tokens[i].Text == "(" && depth++ == 0)
                parameters = i;
            else if (tokens[i].Text == ")")
                depth--;
        }

        var last = parameters - 1;
        if (last > index && tokens[last].Text == ">")
        {
            for (var angles = 0; last > index; last--)
            {
                angles += tokens[last].Text switch { ">" => 1, "<" => -1, _ => 0 };
                if (angles == 0)
                {
                    last--;
                    break;
                }
            }
        }

        return last > index && tokens[last].IsWord ? tokens[last].Text.TrimStart('@') : null;
    }

    private static IEnumerable<(string Name, int Line)> Mentions(IReadOnlyList<CSharpToken> tokens, Func<string, bool> isType)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Text == "enum" && IsName(tokens, i + 1))
            {
                // The values of an enum are names.
                while (i + 1 < tokens.Count && tokens[i].Text != "}")
                    i++;
            }
            else if (tokens[i].Text == "namespace" || (tokens[i].Text == "using" && IsPlainUsing(tokens, i)))
            {
                while (i + 1 < tokens.Count && tokens[i].Text is not ("{" or ";"))
                    i++;
            }
            else if (tokens[i].IsWord && isType(tokens[i].Text.TrimStart('@')) && IsMention(tokens, i, isType))
            {
                yield return (tokens[i].Text.TrimStart('@'), tokens[i].Line);
            }
        }
    }

    /// <summary><c>using A.B.C;</c> names a namespace; an alias, a static using and a using statement do not match.</summary>
    private static bool IsPlainUsing(IReadOnlyList<CSharpToken> tokens, int index)
    {
        for (index++; index < tokens.Count; index++)
        {
            if (tokens[index].Text == ";")
                return true;
            if (tokens[index].Text == "static" || !(tokens[index].IsWord || tokens[index].Text is "." or "::"))
                return false;
            // Two words in a row: 'using Handle handle;' has a type.
            if (tokens[index].IsWord && tokens[index - 1].IsWord && tokens[index - 1].Text != "using")
                return false;
        }

        return false;
    }

    /// <summary>
    /// Whether a word that is the name of a type stands for that type here. It does not behind a dot (a member of something), unless only
    /// namespaces are in front; nor where a member of that name is declared (<c>Coroutine Coroutine { get; }</c>), initialised
    /// (<c>{ Context = x }</c>), matched (<c>{ Context: null }</c>) or named as an argument (<c>Context: x</c>).
    /// </summary>
    private static bool IsMention(IReadOnlyList<CSharpToken> tokens, int index, Func<string, bool> isType)
    {
        var before = index > 0 ? tokens[index - 1] : default;
        var after = index + 1 < tokens.Count ? tokens[index + 1].Text : "";

        if (before.Text is "." or "::")
            return IsBehindNamespace(tokens, index, isType);

        if (before.Text is "{" or "," or "(" && after == ":")
            return false;

        if (before.Text is "{" or "," && after == "=")
            return false;

        var endsAType = before.Text is ">" or "]" or "?" or ")" || (before.IsWord && !ExpectsType(before.Text));
        return !(endsAType && after is "{" or "=>" or ";" or "=" or "(" or "," or ")" or "<" && Declares(tokens, index, before, after));
    }

    private static bool Declares(IReadOnlyList<CSharpToken> tokens, int index, CSharpToken before, string after) => before.Text switch
    {
        // 'condition ? Type' and '(cast)Type' read like the end of a nullable or a tuple type; only these continuations settle it.
        "?" => after is "{" or "=>" or ";" or "=",
        ")" => after is "{" or "=>" or "(" && !IsCast(tokens, index),
        // '[Attribute] Type Name' has the attribute's bracket in front.
        "]" => after is not "<",
        // 'List<T> Type<U>(...)' declares a method; 'a > Type' is no C#.
        _ => after != "<" || IsMethodBehindTypeParameters(tokens, index),
    };

    private static bool IsCast(IReadOnlyList<CSharpToken> tokens, int index)
    {
        for (var i = index - 2; i >= 0 && tokens[i].Text != "("; i--)
        {
            if (tokens[i].Text == ",")
                return false;
        }

        return true;
    }

    private static bool IsMethodBehindTypeParameters(IReadOnlyList<CSharpToken> tokens, int index)
    {
        var angles = 0;
        for (var i = index + 1; i < tokens.Count; i++)
        {
            angles += tokens[i].Text switch { "<" => 1, ">" => -1, _ => 0 };
            if (angles == 0)
                return i + 1 < tokens.Count && tokens[i + 1].Text == "(";
        }

        return false;
    }

    private static bool IsBehindNamespace(IReadOnlyList<CSharpToken> tokens, int index, Func<string, bool> isType)
    {
        var root = index;
        while (root >= 2 && tokens[root - 1].Text == "." && tokens[root - 2].IsWord)
        {
            root -= 2;
            if (isType(tokens[root].Text))
                return false;
        }

        return tokens[root].Text == "AsyncioSharp" || (root > 0 && tokens[root - 1].Text == "::");
    }

    private static bool IsKeyword(string word) => ExpectsType(word) || s_typeKeywords.Contains(word);

    /// <summary>Keywords that can stand in front of a type; behind any other word, a name is being declared.</summary>
    private static bool ExpectsType(string word) => s_beforeTypes.Contains(word);

    // Types that are keywords: what stands behind them is a name.
    private static readonly HashSet<string> s_typeKeywords =
    [
        "bool", "byte", "char", "decimal", "double", "dynamic", "float", "int", "long", "nint", "nuint", "object", "sbyte", "short",
        "string", "uint", "ulong", "ushort", "var", "void",
    ];

    private static readonly HashSet<string> s_beforeTypes =
    [
        "abstract", "allows", "and", "as", "async", "await", "base", "break", "case", "catch", "checked", "class", "const", "continue",
        "default", "delegate", "do", "else", "enum", "event", "explicit", "extern", "file", "finally", "fixed", "for", "foreach",
        "goto", "if", "implicit", "in", "interface", "internal", "is", "lock", "nameof", "new", "not", "operator", "or", "out", "override",
        "params", "partial", "private", "protected", "public", "readonly", "record", "ref", "required", "return", "scoped", "sealed", "sizeof",
        "stackalloc", "static", "struct", "switch", "this", "throw", "typeof", "unchecked", "unsafe", "using", "virtual", "volatile", "when",
        "where", "while", "with", "yield",
    ];
}
