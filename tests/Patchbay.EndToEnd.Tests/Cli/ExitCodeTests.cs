using System.Text.Json;

namespace Patchbay.Cli.Tests;

public sealed class ExitCodeTests
{
    [Theory]
    [InlineData(2, "'pbm' needs a command")]
    [InlineData(2, "'tsak' is no command of 'pbm'", "tsak")]
    [InlineData(2, "'pbm task' needs a command: generate, check", "task")]
    [InlineData(2, "option '--out' is required", "task", "generate")]
    [InlineData(2, "--boxes: expected a whole number from 2 to 10, found 'seven'", "task", "generate", "--boxes",
        "seven", "--out", "x")]
    [InlineData(2, "--seed: expected a whole number from 0 to 18446744073709551615, found '-1'", "task", "generate",
        "--seed", "-1", "--out", "x")]
    [InlineData(2, "--threads: expected a whole number from 1 to ", "patch", "x", "--threads",
        "10000")]
    [InlineData(2, "--data: expected a folder, found an empty text", "sweep", "list", "--data", "")]
    [InlineData(2, "--data: expected a folder, found an empty text", "patch", "x", "--data", "")]
    [InlineData(2, "MODEL: expected a model, found an empty text", "model", "inspect", "")]
    [InlineData(2, "'--frob' is no option of 'pbm', which has --", "--frob")]
    [InlineData(2, "unrecognized command or argument '--bogus'", "task", "generate", "--bogus", "--out", "x")]
    [InlineData(2, "--chain: expected a chain such as \"A", "patch", "x", "--chain", "A@last>B.q")]
    [InlineData(2, "--chain: expected a chain such as \"A", "patch", "x", "--chain", "")]
    [InlineData(2, "/: expected a file, found a folder", "study", "run", "/")]
    [InlineData(2, "/: expected a file, found a folder", "journal", "import", "/")]
    [InlineData(2, "/: expected a file, found a folder", "task", "check", "/", "--tokenizer", ".")]
    [InlineData(2, "--boxes: expected a whole number from 2 to 10, found '11'", "task", "generate", "--boxes", "11",
        "--out", "x")]
    [InlineData(3, "there is no file nowhere.jsonl", "task", "check", "nowhere.jsonl", "--tokenizer", ".")]
    public void What_is_wrong_is_one_sentence_on_standard_error(int code, string sentence, params string[] arguments)
    {
        var run = PbmRun.Of(arguments);
        Assert.Equal(code, (int)run.Code);
        Assert.Empty(run.Out);
        Assert.StartsWith($"error: {sentence}", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("--json")]
    [InlineData("--json", "tsak")]
    [InlineData("task", "generate", "--json")]
    [InlineData("task", "check", "nowhere.jsonl", "--tokenizer", ".", "--json")]
    public void With_json_a_failure_is_a_document_too(params string[] arguments)
    {
        var run = PbmRun.Of(arguments);
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal((int)run.Code, document.RootElement.GetProperty("exit_code").GetInt32());
        Assert.Equal($"error: {document.RootElement.GetProperty("error").GetString()}\n", run.Error);
    }

    [Theory]
    [InlineData(typeof(InvalidDataException), 2)]
    [InlineData(typeof(FileNotFoundException), 3)]
    [InlineData(typeof(DirectoryNotFoundException), 3)]
    [InlineData(typeof(IOException), 1)]
    [InlineData(typeof(UnauthorizedAccessException), 1)]
    [InlineData(typeof(TimeoutException), 1)]
    [InlineData(typeof(HttpRequestException), 1)]
    [InlineData(typeof(OutOfMemoryException), 1)]
    [InlineData(typeof(OperationCanceledException), 130)]
    public void Exceptions_have_exit_codes(Type type, int code) =>
        Assert.Equal(code, (int)Failure.Of((Exception)Activator.CreateInstance(type)!).Code);

    [Fact]
    public void A_message_of_several_lines_becomes_one_sentence()
    {
        var failure = Failure.Of(new InvalidDataException("The head is\nnot there. (Parameter 'head')"));
        Assert.Equal("The head is not there", failure.Sentence);
    }

    [Fact]
    public void A_failure_inside_a_wrapping_exception_is_what_counts()
    {
        var inner = new FileNotFoundException("there is no libtorch");
        Assert.Equal(Failure.Of(inner),
            Failure.Of(new TypeInitializationException("Torch", new AggregateException(inner))));
    }

    [Theory]
    [InlineData(typeof(ArgumentException))]
    [InlineData(typeof(ArgumentOutOfRangeException))]
    [InlineData(typeof(ArgumentNullException))]
    [InlineData(typeof(IndexOutOfRangeException))]
    [InlineData(typeof(NullReferenceException))]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(KeyNotFoundException))]
    [InlineData(typeof(InvalidCastException))]
    [InlineData(typeof(DivideByZeroException))]
    [InlineData(typeof(OverflowException))]
    [InlineData(typeof(FormatException))]
    [InlineData(typeof(JsonException))]
    public void An_internal_error_is_no_bad_input_and_says_so_without_names_of_types(Type type)
    {
        var failure = Failure.Of((Exception)Activator.CreateInstance(type)!);
        Assert.Equal(ExitCode.Failed, failure.Code);
        Assert.StartsWith("this is a fault of Patchbay itself", failure.Sentence, StringComparison.Ordinal);
        Assert.EndsWith("with PATCHBAY_TRACE=1 it says where", failure.Sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", failure.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_that_names_types_is_left_out_of_an_internal_error() =>
        Assert.DoesNotContain("System",
            Failure.Of(new InvalidCastException("Unable to cast 'System.Int32' to 'System.String'.")).Sentence,
            StringComparison.Ordinal);
}
