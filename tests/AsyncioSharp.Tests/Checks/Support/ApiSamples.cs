using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>Types for the test of <see cref="ApiListing"/>: a little of everything that a listing must get right.</summary>
public static class ApiSamples
{
    public enum Kind
    {
        First,
        Second = 2,
    }

    public delegate (int Count, string Name) Make<T>(T value, double? seconds = null)
        where T : class;

    [EditorBrowsable(EditorBrowsableState.Never)]
    public abstract class Shape<T>(int size) : List<T>(size)
        where T : IComparable<T>, new()
    {
        public const string Name = "a\"b";

        protected event Action? Changed;

        public abstract int Size { get; protected set; }

        public bool this[string key]
        {
            get => key.Length > 0;
            init => Changed?.Invoke();
        }

        public static Shape<T> operator +(Shape<T> left, Shape<T> right) => left ?? right;

        [Obsolete("gone")]
        public static Shape<T>? Old(Kind kind = Kind.Second, bool? debug = null) => kind == Kind.First && debug == true ? null : null;

        [OverloadResolutionPriority(1)]
        public static T[] Gather<U>(params ReadOnlySpan<U> items) => [new T()];

        public override string ToString() => Hidden();

        protected virtual void Reset(in int a, ref int b, out int c) => c = a + b;

        internal static string Hidden() => "";

        private protected static string AlsoHidden() => "";
    }
}
