namespace Patchbay.Findings.Tests;

public sealed class LeftOutPromptsTests
{
    [Theory]
    [InlineData("", new int[0])]
    [InlineData("0", new[] { 0 })]
    [InlineData("0, 4-7, 9", new[] { 0, 4, 5, 6, 7, 9 })]
    [InlineData("10-11", new[] { 10, 11 })]
    public void Indices_in_a_row_are_written_as_one(string text, int[] prompts) =>
        Assert.Equal(text, LeftOutPrompts.Text(prompts));
}
