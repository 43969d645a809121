namespace AsyncioSharp.Tests.Samples;

public class SampleOutputTests
{
    [Theory]
    [InlineData("hello\nworld\n", "hello\r\nworld")]
    [InlineData("started at {time}", "started at 17:13:52")]
    [InlineData("{datetime}", "2020-03-01 17:13:52.123456")]
    [InlineData("{datetime}", "3/1/2020 5:13:52 PM")]
    [InlineData("<Task {*} name='a'> {time}!", "<Task pending (x) name='a'> 07:00:01!")]
    [InlineData("{other} (a|b)", "{other} (a|b)")]
    public void Fits(string expected, string actual) => SampleOutput.Difference(expected, actual).ShouldBeNull();

    [Theory]
    [InlineData("hello", "hello\nworld", "line 2 is 'world', expected missing")]
    [InlineData("hello\nworld", "hello", "line 2 is missing, expected 'world'")]
    [InlineData("at {time}", "at noon", "line 1 is 'at noon', expected 'at {time}'")]
    [InlineData("at {time}", "at 17:13:52 sharp", "line 1 is 'at 17:13:52 sharp', expected 'at {time}'")]
    [InlineData("a{*}\nb", "a\nc", "line 2 is 'c', expected 'b'")]
    public void Does_not_fit(string expected, string actual, string message)
        => SampleOutput.Difference(expected, actual).ShouldNotBeNull().ShouldStartWith(message);
}
