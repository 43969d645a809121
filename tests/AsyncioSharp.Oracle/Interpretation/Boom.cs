namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>The scenario's own error.</summary>
/// <param name="message">What it says.</param>
public sealed class Boom(string message) : Exception(message);
