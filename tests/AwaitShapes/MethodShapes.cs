using AsyncioSharp;

namespace AwaitShapes;

/// <summary>Awaits in every kind of method.</summary>
public static class MethodShapes
{
    public static async Coroutine Lambdas()
    {
        Func<Coroutine<int>> simple = async () => await Probe.Future();
        await Probe.Through(simple);
        int captured = 3;
        Func<Coroutine<int>> closure = async () =>
        {
            captured += await Probe.Future();
            return await Probe.Call(captured);
        };
        await Probe.Through(closure);
        await Probe.Through(static async () => await Probe.Future());
        await Probe.Through(async () => await Probe.Through(async () => await Probe.Future(captured)));
        await Probe.Through(async delegate { return await Probe.Task(captured); });
    }

    public static async Coroutine LocalFunctions()
    {
        await Probe.Through(Static);
        int captured = 1;
        await Probe.Through(Closure);
        await Probe.Through(() => Generic("text"));

        static async Coroutine<int> Static()
        {
            await Probe.Future();
            return await Probe.Future();
        }

        async Coroutine<int> Closure()
        {
            captured += await Probe.Call();
            return await Probe.Through(Inner);

            async Coroutine<int> Inner() => captured + await Probe.Future();
        }

        async Coroutine<T> Generic<T>(T value)
        {
            await Probe.Future(captured);
            return value;
        }
    }

    public static async Coroutine Generics()
    {
        await Probe.Through(() => Generic(1));
        await Probe.Through(() => Generic("text"));
        await Probe.Through(() => Generic<(int, string)>((1, "text")));
        await Probe.Through(() => Outer<int>.Inner<string>.Run());
        await Probe.Through(() => new Outer<string>.Inner<List<int>>().Member(0));
    }

    public static async Coroutine Members()
    {
        var members = new Class();
        await Probe.Through(members.Method);
        await Probe.Through(((IFace)members).Explicit);
        await Probe.Through(members.Virtual);
        await Probe.Through(() => members.Extended(2));
        await Probe.Through(() => new Struct(1).Method());
        await Probe.Through(((IFace)members).WithBody);
        await Probe.Through(members.Property);
    }

    public static async Coroutine Recursion()
    {
        await Probe.Through(() => Deeper(4));

        static async Coroutine<int> Deeper(int n)
        {
            if (n > 0)
            {
                return await Probe.Through(() => Deeper(n - 1));
            }
            return await Probe.Future();
        }
    }

    private static async Coroutine<T> Generic<T>(T value)
    {
        await Probe.Future();
        try
        {
            await Probe.Call();
        }
        finally
        {
            await Probe.Future();
        }
        return value;
    }

    private static async Coroutine<int> Extended(this Class self, int n) => n + await Probe.Through(self.Method);

    private static class Outer<T>
    {
        internal sealed class Inner<U>
        {
            internal static async Coroutine<int> Run()
            {
                await Probe.Future();
                return await Probe.Call();
            }

            internal async Coroutine<(T?, V)> Member<V>(V value)
            {
                await Probe.Future();
                return (default, value);
            }
        }
    }

    private interface IFace
    {
        Coroutine<int> Explicit();

        async Coroutine<int> WithBody()
        {
            return await Probe.Future();
        }
    }

    private class Base
    {
        internal virtual async Coroutine<int> Virtual() => await Probe.Future();
    }

    private sealed class Class : Base, IFace
    {
        private int _field = 1;

        internal Func<Coroutine<int>> Property { get; } = async () => await Probe.Future();

        async Coroutine<int> IFace.Explicit() => _field += await Probe.Future();

        internal async Coroutine<int> Method()
        {
            _field += await Probe.Future();
            return await Probe.Call();
        }

        internal override async Coroutine<int> Virtual()
        {
            await Probe.Future();
            return await Probe.Through(() => base.Virtual());
        }
    }

    private readonly struct Struct(int start)
    {
        internal async Coroutine<int> Method() => start + await Probe.Future();
    }
}
