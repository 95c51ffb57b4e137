using System.Text;
using Patchbay.Sweeps.Studies;

namespace Patchbay.Sweeps.Tests.Studies;

public sealed class StudySyntaxTests : IDisposable
{
    private readonly StudyFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("", 1, "expected a study, found an empty file.")]
    [InlineData("\n# only a comment\n", 1, "expected a study, found an empty file.")]
    [InlineData("---\n...\n", 1, "expected a study, found an empty file.")]
    [InlineData("- name: first\n", 1, "expected a study's fields (name, models, task, ...), found a list.")]
    [InlineData("first", 1, "expected a study's fields (name, models, task, ...), found 'first'.")]
    [InlineData("name: first\n\tmodels: [small]\n", 2, "expected YAML, found a tab where YAML wants spaces.")]
    [InlineData("name: \"first\nmodels: [small]\n", 1, "expected YAML, found a mistake in its syntax (")]
    [InlineData("name: first\nmodels: [small\n", 3, "expected YAML, found a mistake in its syntax (")]
    [InlineData("name: a\nmodels: *none\n", 2,
        "expected YAML, found a mistake in its syntax (no anchor 'none' before this alias).")]
    [InlineData("name: &a [*a]\n", 1,
        "expected YAML, found a mistake in its syntax (no anchor 'a' before this alias).")]
    [InlineData("name: a\n---\nname: b\n", 2,
        "expected YAML, found a mistake in its syntax (a second document begins here).")]
    [InlineData("name: a\u0001\n", 1, "expected a study, a text file, found the character U+0001.")]
    [InlineData("name: a\nseed: \0\n", 2, "expected a study, a text file, found the character U+0000.")]
    public void What_is_no_study_gets_a_sentence(string text, int line, string beginning)
    {
        var mistake = folder.Mistake(text);

        Assert.Equal(line, mistake.Line);
        Assert.StartsWith(beginning, mistake.Sentence);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    [InlineData("&a ")]
    [InlineData("!!x ")]
    [InlineData("{")]
    public void Huge_nesting_gets_a_sentence(string opening) =>
        Assert.NotEmpty(folder.Check(string.Concat(Enumerable.Repeat(opening, 100_000))));

    [Fact]
    public void Nesting_is_followed_so_far_and_no_further() =>
        Assert.Contains("nested more than 32 levels deep", folder.Mistake("name: " + new string('[', 40)
            + new string(']', 40)).Sentence);

    [Fact]
    public void A_file_too_large_is_not_read() =>
        Assert.EndsWith("study.yaml: expected a file of at most 1 MiB, found one of 2 MiB.",
            Assert.Throws<InvalidDataException>(() => folder.Check(new string('#', 2 << 20))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Bytes_that_are_no_text_get_a_sentence()
    {
        File.WriteAllBytes(folder.StudyPath, Encoding.Unicode.GetPreamble()
            .Concat(Encoding.Unicode.GetBytes(StudyFolder.Good)).ToArray());

        var mistake = Assert.Single(folder.Check());

        Assert.Equal("expected a study, a text file in UTF-8, found bytes that are none.", mistake.Sentence);
    }

    [Fact]
    public void Lists_of_aliases_of_lists_are_not_multiplied_out()
    {
        var text = new StringBuilder("name: &a0 [x, x]\n");
        for (var i = 1; i < 60; i++) text.Append($"k{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n");
        text.Append("models: *a59\n");

        Assert.NotEmpty(folder.Check(text.ToString()));
    }
}
