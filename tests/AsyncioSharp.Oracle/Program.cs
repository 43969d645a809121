return AsyncioSharp.Oracle.CommandLine.Run(args, Console.Error);
