namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>One token of a C# file. <see cref="IsWord"/> holds for identifiers and keywords.</summary>
public readonly record struct CSharpToken(string Text, int Line, bool IsWord);

/// <summary>
/// Cuts C# source into words and punctuation. Comments, documentation, preprocessor lines, numbers and the text of strings are dropped;
/// the holes of interpolated strings are code and are kept. It is no parser: it knows just enough to say which names a file mentions.
/// </summary>
public sealed class CSharpTokens
{
    private static readonly string[] s_pairs = ["=>", "::", "==", "!=", "<=", ">=", "??", "&&", "||"];

    private readonly string _text;
    private readonly List<CSharpToken> _tokens = [];
    private int _position;
    private int _line = 1;

    private CSharpTokens(string text) => _text = text;

    public static IReadOnlyList<CSharpToken> Of(string text)
    {
        var scanner = new CSharpTokens(text);
        scanner.Code(closingBraces: 0);
        return scanner._tokens;
    }

    private char Current => At(0);

    private char At(int offset) => _position + offset < _text.Length ? _text[_position + offset] : '\0';

    private bool Ahead(string what) => string.CompareOrdinal(_text, _position, what, 0, what.Length) == 0;

    private void Skip(int count = 1)
    {
        for (; count > 0 && _position < _text.Length; count--)
        {
            if (_text[_position++] == '\n')
                _line++;
        }
    }

    private void SkipLine()
    {
        while (_position < _text.Length && Current != '\n')
            Skip();
    }

    /// <summary>Reads code to the end of the file, or, inside a hole, up to and including that many closing braces.</summary>
    private void Code(int closingBraces)
    {
        var inHole = closingBraces > 0;
        var depth = 0;
        while (_position < _text.Length)
        {
            if (inHole && depth == 0 && Current == '}')
            {
                Skip(closingBraces);
                return;
            }

            // The format part of a hole, {value:F3}, is text. A '?:' in a hole is always in parentheses.
            if (inHole && depth == 0 && Current == ':' && At(1) != ':')
            {
                while (_position < _text.Length && Current != '}')
                    Skip();
                continue;
            }

            depth += Current switch { '{' or '(' or '[' => 1, '}' or ')' or ']' => -1, _ => 0 };
            One();
        }
    }

    private void One()
    {
        var c = Current;
        if (char.IsWhiteSpace(c))
            Skip();
        else if (Ahead("//"))
            SkipLine();
        else if (Ahead("/*"))
            BlockComment();
        else if (c == '#' && StartsLine())
            SkipLine();
        else if (StringPrefix() is { } prefix)
            String(prefix);
        else if (c == '\'')
            Character();
        else if (char.IsAsciiDigit(c))
            Number();
        else if (IsWordStart(c) || (c == '@' && IsWordStart(At(1))))
            Word();
        else
            Punctuation();
    }

    private void BlockComment()
    {
        Skip(2);
        while (_position < _text.Length && !Ahead("*/"))
            Skip();
        Skip(2);
    }

    private bool StartsLine()
    {
        var i = _position - 1;
        while (i >= 0 && _text[i] is ' ' or '\t')
            i--;
        return i < 0 || _text[i] is '\n' or '\uFEFF';
    }

    /// <summary>The '$' and '@' before a string's quote, empty for a plain string; null where no string begins.</summary>
    private string? StringPrefix()
    {
        var length = 0;
        while (At(length) is '$' or '@')
            length++;
        return At(length) == '"' ? _text.Substring(_position, length) : null;
    }

    private void String(string prefix)
    {
        Skip(prefix.Length);
        var dollars = prefix.Count(c => c == '$');
        var quotes = 0;
        while (At(quotes) == '"')
            quotes++;

        if (quotes >= 3 && !prefix.Contains('@'))
        {
            Skip(quotes);
            StringText(dollars, isEnd: () => Ahead(new string('"', quotes)), endLength: quotes, escapes: false, doubledQuotes: false);
        }
        else
        {
            var verbatim = prefix.Contains('@');
            Skip();
            StringText(dollars, isEnd: () => Current == '"', endLength: 1, escapes: !verbatim, doubledQuotes: verbatim);
        }
    }

    private void StringText(int dollars, Func<bool> isEnd, int endLength, bool escapes, bool doubledQuotes)
    {
        var raw = endLength >= 3;
        while (_position < _text.Length)
        {
            if (doubledQuotes && Ahead("\"\""))
            {
                Skip(2);
            }
            else if (isEnd())
            {
                // A raw string may end in quotes of its own: the last ones close it.
                while (raw && At(endLength) == '"')
                    Skip();
                Skip(endLength);
                return;
            }
            else if (escapes && Current == '\\')
            {
                Skip(2);
            }
            else if (dollars > 0 && Current == '{')
            {
                var braces = 0;
                while (At(braces) == '{')
                    braces++;

                // Braces that are fewer than the dollars, or doubled in an ordinary interpolated string, are text.
                if (raw ? braces < dollars : braces % 2 == 0)
                {
                    Skip(braces);
                }
                else
                {
                    Skip(braces);
                    Code(closingBraces: dollars);
                }
            }
            else
            {
                Skip();
            }
        }
    }

    private void Character()
    {
        Skip();
        while (_position < _text.Length && Current != '\'')
            Skip(Current == '\\' ? 2 : 1);
        Skip();
    }

    private void Number()
    {
        // 1.5e-3f and 0xFF_FF; the dot of '1..2' and '1.ToString()' is not part of the number.
        while (IsWordPart(Current) || (Current == '.' && char.IsAsciiDigit(At(1))) || (Current is '+' or '-' && At(-1) is 'e' or 'E' && char.IsAsciiDigit(At(1))))
            Skip();
    }

    private void Word()
    {
        var verbatim = Current == '@';
        if (verbatim)
            Skip();
        var start = _position;
        while (IsWordPart(Current))
            Skip();
        // '@class' is an identifier, not the keyword: keep the sign so that nobody takes it for one.
        var word = _text[start.._position];
        _tokens.Add(new CSharpToken(verbatim ? "@" + word : word, _line, IsWord: true));
    }

    private void Punctuation()
    {
        var text = Array.Find(s_pairs, Ahead) ?? Current.ToString();
        _tokens.Add(new CSharpToken(text, _line, IsWord: false));
        Skip(text.Length);
    }

    private static bool IsWordStart(char c) => char.IsLetter(c) || c == '_';

    private static bool IsWordPart(char c) => char.IsLetterOrDigit(c) || c == '_';
}
