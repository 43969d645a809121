using AsyncioSharp.CodeFixes;

namespace AsyncioSharp.Analyzers.Tests;

public class SwallowedCancellationTests
{
    private static Task Reports(string members) => new Snippet(members).ShouldReport(new SwallowedCancellationAnalyzer(), Rules.SwallowedCancellation);

    [Theory]
    [InlineData("async Coroutine M() { try { await Work(); } [|catch|] { } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(Exception)|] { } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(Exception e)|] { Print(e); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(SystemException)|] { } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(OperationCanceledException)|] { } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (IOException) { throw; } catch [|(Exception)|] { } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) when (e is IOException) { } catch [|(Exception)|] { } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(Exception e)|] { Action later = () => throw e; Print(later); } }")]
    [InlineData("async Coroutine M(IAsyncEnumerable<int> all) { try { await foreach (var x in all) Print(x); } [|catch|] { } }")]
    [InlineData("async Coroutine M(IAsyncDisposable d) { try { await using (d) { } } [|catch|] { } }")]
    [InlineData("Func<Coroutine> M() => async () => { try { await Work(); } [|catch|] { } };")]
    [InlineData("async Coroutine M() { while (true) { try { await Work(); } catch [|(CancelledException)|] { } } }")]
    [InlineData("async Coroutine M() { for (; ; ) { try { await Work(); } catch [|(CancelledException)|] { } } }")]
    [InlineData("async Coroutine M() { while (true) try { await Asyncio.Sleep(1); } catch [|(CancelledException)|] { Print(1); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } [|catch|] { return; throw; } }")] // nothing reaches it
    [InlineData("async Coroutine M() { while (true) { try { await Work(); } catch [|(Exception)|] { Print(1); continue; Print(Maybe() ? 1 : throw new IOException()); } } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(Exception e)|] when (e is not OutOfMemoryException) { Print(e); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(Exception e)|] when (!(e is IOException || e is FormatException)) { Print(e); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(Exception e)|] { if (e is IOException) throw; Print(e); } }")]
    [InlineData(
        "async Coroutine M() { try { await Work(); } catch [|(Exception e)|] { switch (e) { case IOException or TimeoutException: throw; case FormatException f: throw f; } } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(Exception e)|] { if (e is not IOException) Print(e); else throw; } }")]
    [InlineData("Exception? _last; async Coroutine M() { try { await Work(); } catch [|(Exception e)|] { _last = e; } Print(_last); }")]
    [InlineData("async Coroutine M() { Exception? last = null; try { await Work(); } catch [|(Exception e)|] { last = e; } Print(last); }")]
    [InlineData("async Coroutine M(Future<int> f) { try { await Work(); } catch [|(Exception e)|] { f.SetException(e); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(Exception)|] { if (Maybe()) { return; throw; } } }")]
    [InlineData("async Coroutine M() { Exception? error = null; try { await Work(); } catch [|(Exception e)|] { error = e; } if (error is IOException it) throw it; }")]
    [InlineData("async Coroutine M() { Exception? error = null; try { await Work(); } catch [|(Exception e)|] { error = e; } if (error is { } it) Print(it); }")]
    [InlineData(
        "async Coroutine M() { var errors = new List<Exception>(); try { await Work(); } catch [|(Exception e)|] { errors.Add(e); } "
            + "if (errors is [IOException first, ..]) throw first; }")]
    [InlineData(
        "async Coroutine M() { var errors = new List<Exception>(); try { await Work(); } catch [|(Exception e)|] { errors.Add(e); } "
            + "foreach (var each in errors) Print(each); }")]
    [InlineData(
        "async Coroutine M(ConcurrentQueue<Exception> q) { try { await Work(); } catch [|(Exception e)|] { q.Enqueue(e); } "
            + "if (q.TryDequeue(out var e2)) Print(e2); }")]
    [InlineData("async Coroutine M(TaskCompletionSource s, Task t) { try { await Work(); } catch [|(Exception e)|] { s.SetException(e); } Print(s.Task); await t; }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch [|(Exception e)|] { Print(e switch { IOException => throw e, _ => 1 }); } }")]
    [InlineData("async Coroutine M() { Exception? error = null; try { await Work(); } catch [|(Exception e)|] { error = e; } await Asyncio.Sleep(0, error); }")]
    public Task A_handler_that_takes_a_cancellation_for_a_failure_is_reported(string members) => Reports(members);

    [Theory]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) when (e is not CancelledException) { } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch { throw; } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) { throw new IOException(\"\", e); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) { if (e is CancelledException) throw; Print(e); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) { System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (CancelledException) { throw; } catch (Exception) { } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (CancelledException) { } }")] // meant
    [InlineData("async Coroutine M() { try { await Work(); } catch (CancelledException) { Print(1); } catch (Exception) { } }")]
    [InlineData("async Coroutine M() { while (true) { try { await Work(); } catch (CancelledException) { break; } } }")]
    [InlineData("async Coroutine M() { while (true) { try { await Work(); return; } catch (CancelledException) { } } }")]
    [InlineData("async Coroutine M() { for (int i = 0; i < 3; i++) { try { await Work(); } catch (CancelledException) { } } }")]
    [InlineData("async Coroutine M(List<CoroutineTask> all) { foreach (var t in all) { try { await t; } catch (CancelledException) { } } }")] // that of the task
    [InlineData("async Coroutine M() { try { Print(1); } catch { } }")]
    [InlineData("async Coroutine M() { try { Func<Coroutine> f = async () => await Work(); Print(f); } catch { } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (IOException) { } catch (TimeoutException) { } }")]
    [InlineData("async Task M(Task t) { try { await t; } catch { } }")]
    [InlineData("async Coroutine M() { try { await Work(); } finally { Print(1); } }")]
    [InlineData(
        "async Coroutine M() { try { await Work(); } catch (Exception e) when (e is IOException or TimeoutException) { } catch (Exception e) when (!Maybe()) { Print(e); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) when (e is not OperationCanceledException) { Print(e); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) { if (e is CancelledException) return; Print(e); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) { Print(e switch { OperationCanceledException => 1, _ => 2 }); } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) { if (Maybe()) throw new IOException(\"\", e); else throw; } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) { Print(e is IOException ? 1 : throw new FormatException(\"\", e)); } }")]
    [InlineData(
        "async Coroutine M() { try { await Work(); } catch (Exception e) { Fail(e); } } "
            + "[System.Diagnostics.CodeAnalysis.DoesNotReturn] static void Fail(Exception e) => throw e;")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception e) { await Fail(e); } } static async Coroutine Fail(Exception e) { Print(e); throw e; }")]
    [InlineData(
        "async Coroutine M() { try { await Work(); } catch (Exception e) { Helper.ThrowFailed(e); } } "
            + "static class Helper { internal static void ThrowFailed(Exception e) { Environment.FailFast(\"\", e); } }")]
    [InlineData("async Coroutine M() { Exception? error = null; try { await Work(); } catch (Exception e) { error = e; } if (error is not null) throw error; }")]
    [InlineData(
        "async Coroutine M() { Exception? last = null; for (int i = 0; i < 3; i++) { "
            + "try { await Work(); return; } catch (Exception e) { last = e; } } throw new IOException(\"\", last); }")]
    [InlineData(
        "async Coroutine M() { System.Runtime.ExceptionServices.ExceptionDispatchInfo? info = null; try { await Work(); } "
            + "catch (Exception e) { info = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e); } info?.Throw(); }")]
    [InlineData(
        "async Coroutine M() { var errors = new List<Exception>(); try { await Work(); } "
            + "catch (Exception e) { errors.Add(e); } if (errors.Count > 0) throw new AggregateException(errors); }")]
    [InlineData("Exception? _failure; async Coroutine M() { try { await Work(); } catch (Exception e) { _failure ??= e; } } void End() { if (_failure is { }) throw _failure; }")]
    [InlineData("async Coroutine M() { Exception? a = null; try { await Work(); } catch (Exception e) { var copy = e; a = copy; } var b = a; if (b != null) throw b; }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch (Exception) { if (Maybe()) goto End; return; End: throw; } }")]
    [InlineData("async Coroutine M() { Exception? error = null; try { await Work(); } catch (Exception e) { error = e; } if (error is { } it) throw it; }")]
    [InlineData("async Coroutine M() { Exception? error = null; try { await Work(); } catch (Exception e) { error = e; } switch (error) { case { } it: throw it; } }")]
    [InlineData(
        "async Coroutine M() { Exception? error = null; try { await Work(); } catch (Exception e) { error = e; } "
            + "Print(error switch { null => 1, var it => throw it }); }")]
    [InlineData(
        "async Coroutine M() { var errors = new List<Exception>(); try { await Work(); } catch (Exception e) { errors.Add(e); } "
            + "if (errors is [var first, ..]) throw first; }")]
    [InlineData(
        "async Coroutine M() { var errors = new List<Exception>(); try { await Work(); } catch (Exception e) { errors.Add(e); } "
            + "foreach (var each in errors) throw each; }")]
    [InlineData(
        "async Coroutine M() { var errors = new List<Exception>(); try { await Work(); } catch (Exception e) { errors.Add(e); } "
            + "foreach (var each in errors.Skip(0)) if (Maybe()) throw each; }")]
    [InlineData("async Coroutine M(ConcurrentQueue<Exception> q) { try { await Work(); } catch (Exception e) { q.Enqueue(e); } if (q.TryDequeue(out var e2)) throw e2; }")]
    [InlineData("async Coroutine M(TaskCompletionSource s) { try { await Work(); } catch (Exception e) { s.SetException(e); } await s.Task; }")]
    [InlineData("async Coroutine M() { var f = _loop.CreateFuture(); try { await Work(); } catch (Exception e) { f.SetException(e); } await f; }")]
    public Task A_handler_that_lets_it_pass_or_means_it_is_not(string members) => Reports(members);

    [Theory]
    [InlineData(
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n        catch (Exception e)\n        {\n            Print(e);\n        }\n    }",
        "Let cancellation pass",
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n"
            + "        catch (Exception e) when (e is not CancelledException)\n        {\n            Print(e);\n        }\n    }")]
    [InlineData(
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n        catch (Exception)\n        {\n        }\n    }",
        "Let cancellation pass",
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n"
            + "        catch (Exception e) when (e is not CancelledException)\n        {\n        }\n    }")]
    [InlineData(
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n        catch\n        {\n        }\n    }",
        "Let cancellation pass",
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n"
            + "        catch (Exception e) when (e is not CancelledException)\n        {\n        }\n    }")]
    [InlineData(
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n        catch (Exception e)\n        {\n            Print(e);\n        }\n    }",
        "Rethrow",
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n"
            + "        catch (Exception e)\n        {\n            Print(e);\n            throw;\n        }\n    }")]
    [InlineData(
        "async Coroutine M(int e)\n    {\n        try\n        {\n            await Work();\n        }\n        catch\n        {\n            Print(e);\n        }\n    }",
        "Let cancellation pass",
        "async Coroutine M(int e)\n    {\n        try\n        {\n            await Work();\n        }\n"
            + "        catch (Exception exception) when (exception is not CancelledException)\n        {\n            Print(e);\n        }\n    }")]
    [InlineData(
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n        catch (Exception)\n"
            + "        {\n            int e = 1;\n            Print(e);\n        }\n        int exception = 2;\n        Print(exception);\n    }",
        "Let cancellation pass",
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n        catch (Exception error) when (error is not CancelledException)\n"
            + "        {\n            int e = 1;\n            Print(e);\n        }\n        int exception = 2;\n        Print(exception);\n    }")]
    [InlineData(
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n"
            + "        catch (Exception e) when (e is not IOException || e.Message is not null || true)\n        {\n        }\n    }",
        "Let cancellation pass",
        "async Coroutine M()\n    {\n        try\n        {\n            await Work();\n        }\n"
            + "        catch (Exception e) when (e is not CancelledException && (e is not IOException || e.Message is not null || true))\n        {\n        }\n    }")]
    public Task A_handler_gets_a_filter_or_rethrows(string members, string title, string fixedMembers)
        => new Snippet("    " + members).ShouldBecome("    " + fixedMembers, new SwallowedCancellationAnalyzer(), new SwallowedCancellationFix(), title);

    [Theory]
    [InlineData("async Coroutine M() { while (true) { try { await Work(); } catch (Exception) { continue; } } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch { return; } }")]
    [InlineData("async Coroutine M() { try { await Work(); } catch { if (Maybe()) { return; } else { while (true) { } } } }")]
    public async Task A_rethrow_that_nothing_reaches_is_not_offered(string members)
        => (await new Snippet(members).Fixes(new SwallowedCancellationAnalyzer(), new SwallowedCancellationFix())).ShouldBe(["Let cancellation pass"]);

    [Fact]
    public async Task A_handler_that_names_the_exception_is_not_offered_to_filter_it()
        => (await new Snippet("async Coroutine M() { while (true) { try { await Work(); } catch (CancelledException) { } } }")
            .Fixes(new SwallowedCancellationAnalyzer(), new SwallowedCancellationFix())).ShouldBe(["Rethrow"]);
}
