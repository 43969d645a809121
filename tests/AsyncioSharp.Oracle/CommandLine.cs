namespace AsyncioSharp.Oracle;

/// <summary>The program: runs the command that its arguments name, and tells in a line what was wrong with them, with a file or with a Python.</summary>
public static class CommandLine
{
    /// <summary>Runs a command.</summary>
    /// <param name="args">The command and its options.</param>
    /// <param name="errors">Where to tell what was wrong.</param>
    /// <returns>The exit code: 0 if nothing differs, 1 if something does, 2 if something was wrong.</returns>
    public static int Run(string[] args, TextWriter errors)
    {
        if (args is [])
        {
            errors.WriteLine(Options.Usage);
            return 2;
        }
        try
        {
            var options = Options.Parse(args);
            return options.Command switch
            {
                "live" => Commands.Live(options),
                "generate" => Commands.Generate(options),
                "run" => Commands.Run(options),
                "record" => Commands.Record(options),
                "replay" => Commands.Replay(options),
                "coverage" => Commands.Coverage(options),
                "shrink" => Commands.Shrink(options),
                _ => throw new ArgumentException($"'{options.Command}' is no command.\n{Options.Usage}"),
            };
        }
        catch (Exception e) when (e is ArgumentException or FormatException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine(e.Message);
            return 2;
        }
    }
}
