using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>A handler of a try statement: what it catches, and what it does then.</summary>
internal sealed class Handler
{
    private static readonly Handler Nothing = new(new JsonObject { ["on"] = "nothing", ["do"] = new JsonArray() });

    private readonly string _on;

    private Handler(JsonObject handler)
    {
        _on = handler.Text("on");
        Block = handler.Array("do");
        Reraises = handler.Flag("reraise");
    }

    public JsonArray Block { get; }

    public bool Reraises { get; }

    /// <summary>Three handlers, each for a catch clause of its own; those that a statement lacks catch nothing.</summary>
    public static (Handler First, Handler Second, Handler Third) Of(JsonObject statement)
    {
        var handlers = statement.ArrayOrEmpty("catch").Statements().Select(handler => new Handler(handler)).ToList();
        return (handlers.ElementAtOrDefault(0) ?? Nothing, handlers.ElementAtOrDefault(1) ?? Nothing, handlers.ElementAtOrDefault(2) ?? Nothing);
    }

    public bool Catches(Exception e) => _on switch
    {
        "cancelled" => e is CancelledException,
        "timeout" => e is TimeoutException,
        "boom" => e is Boom,
        "error" => e is not CancelledException,
        "any" => true,
        _ => false,
    };
}
