using AsyncioSharp.Oracle;

if (args is [])
{
    Console.Error.WriteLine(Options.Usage);
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
catch (Exception e) when (e is ArgumentException or FormatException or IOException)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
