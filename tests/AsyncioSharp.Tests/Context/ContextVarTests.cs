using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Contexts;

/// <summary>Context variables and contexts by themselves, without tasks: values, defaults, tokens, running in a context.</summary>
public class ContextVarTests
{
    [Fact]
    [Rule("CTX-01")]
    public void A_variable_has_a_value_a_default_or_a_fallback()
    {
        var bare = new ContextVar<string?>("bare");
        Should.Throw<InvalidOperationException>(() => bare.Get()).Message.ShouldContain("bare");
        bare.Get("fallback").ShouldBe("fallback");
        var withDefault = new ContextVar<int>("with default", 5);
        withDefault.Get().ShouldBe(5);
        withDefault.Get(6).ShouldBe(6);
        withDefault.Name.ShouldBe("with default");
        withDefault.ToString().ShouldContain("with default");

        Context.Copy().Run(() =>
        {
            bare.Set(null);
            bare.Get().ShouldBeNull();
            bare.Get("fallback").ShouldBeNull();
            withDefault.Set(7);
            withDefault.Get(6).ShouldBe(7);
        });
        withDefault.Get().ShouldBe(5);
    }

    [Fact]
    [Rule("CTX-01")]
    public void A_token_restores_what_was_there_before_once()
    {
        var variable = new ContextVar<int>("variable");
        var other = new ContextVar<int>("other");
        Context.Copy().Run(() =>
        {
            var first = variable.Set(1);
            var second = variable.Set(2);
            first.Variable.ShouldBeSameAs(variable);
            second.ToString().ShouldBe("<Token var=<ContextVar name='variable'>>");
            variable.Reset(second);
            second.ToString().ShouldBe("<Token used var=<ContextVar name='variable'>>");
            variable.Get().ShouldBe(1);
            variable.Reset(first);
            variable.Get(-1).ShouldBe(-1);
            Should.Throw<InvalidOperationException>(() => variable.Reset(first));
            Should.Throw<ArgumentException>(() => other.Reset(variable.Set(3)));
        });
    }

    [Fact]
    [Rule("CTX-06")]
    public void A_context_keeps_what_is_set_in_it_and_cannot_be_entered_twice()
    {
        var variable = new ContextVar<string>("variable", "outside");
        var context = Context.Copy();
        context.Run(() => variable.Set("inside"));
        variable.Get().ShouldBe("outside");
        context.Run(() => variable.Get()).ShouldBe("inside");
        context.Run(() => Should.Throw<InvalidOperationException>(() => context.Run(() => { })).Message.ShouldContain("copy"));
        context.Run(() => Context.Copy().Run(() => variable.Set("deeper")));
        context.Run(() => variable.Get()).ShouldBe("inside");
        Should.Throw<FormatException>(() => context.Run(() => throw new FormatException()));
        context.Run(() => variable.Get()).ShouldBe("inside");
    }

    [Fact]
    [Rule("CTX-07")]
    public void A_run_works_on_a_copy_of_the_callers_context()
    {
        var variable = new ContextVar<string>("variable", "default");
        Context.Copy().Run(() =>
        {
            variable.Set("caller");
            VirtualTimeLoop.Run(Main());
            variable.Get().ShouldBe("caller");
            VirtualTimeLoop.Run(Main());
        });

        async Coroutine Main()
        {
            variable.Get().ShouldBe("caller");
            variable.Set("run");
            await Asyncio.Sleep(1);
            variable.Get().ShouldBe("run");
        }
    }

    [Fact]
    public void A_token_resets_its_variable_in_another_context_too()
    {
        var variable = new ContextVar<int>("v");
        VirtualTimeLoop.Run(Main(variable));

        static async Coroutine Main(ContextVar<int> variable)
        {
            variable.Set(1);
            var token = variable.Set(2);
            await Asyncio.CreateTask(Elsewhere(variable, token));
            variable.Get().ShouldBe(2, "the other task worked on a copy");
        }

        static async Coroutine Elsewhere(ContextVar<int> variable, ContextVar<int>.Token token)
        {
            variable.Reset(token);
            variable.Get().ShouldBe(1);
        }
    }
}
