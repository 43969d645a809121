using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>Runs the block of a callback: statements that do not wait, with real <c>try</c> and loops around them. <see cref="Bodies"/> is the same for coroutines.</summary>
internal static class CallbackBlock
{
    public static void Run(Machine machine, Actions actions, Frame frame, JsonArray block)
    {
        foreach (var s in block.Statements())
        {
            switch (s.Kind())
            {
                case "repeat":
                    for (int i = s.Count("times"); i > 0; i--)
                        Run(machine, actions, frame, s.Array("do"));
                    break;
                case "try" when s.Has("finally"):
                    try
                    {
                        Handled(machine, actions, frame, s);
                    }
                    finally
                    {
                        machine.Emit(frame, "finally");
                        Run(machine, actions, frame, s.Array("finally"));
                    }
                    break;
                case "try":
                    Handled(machine, actions, frame, s);
                    break;
                default:
                    actions.Act(frame, s);
                    break;
            }
        }
    }

    private static void Handled(Machine machine, Actions actions, Frame frame, JsonObject s)
    {
        var handlers = Handler.Of(s);
        try
        {
            Run(machine, actions, frame, s.Array("do"));
        }
        catch (Exception e) when (handlers.First.Catches(e))
        {
            Handle(handlers.First, e);
            if (handlers.First.Reraises)
                throw;
        }
        catch (Exception e) when (handlers.Second.Catches(e))
        {
            Handle(handlers.Second, e);
            if (handlers.Second.Reraises)
                throw;
        }
        catch (Exception e) when (handlers.Third.Catches(e))
        {
            Handle(handlers.Third, e);
            if (handlers.Third.Reraises)
                throw;
        }

        void Handle(Handler handler, Exception e)
        {
            machine.Emit(frame, $"caught {Texts.Of(e)}");
            Run(machine, actions, frame, handler.Block);
        }
    }
}
