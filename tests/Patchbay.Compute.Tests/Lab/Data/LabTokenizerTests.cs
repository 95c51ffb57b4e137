using Patchbay.Lab.Data;
using Patchbay.Models.Tokenizers;
using Patchbay.Tasks;

namespace Patchbay.Lab.Tests.Data;

public sealed class LabTokenizerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lab-tokenizer").FullName;
    private readonly Tokenizer _tokenizer, _peopleAndYears;

    public LabTokenizerTests()
    {
        LabTokenizer.Write(_folder, LabVocabulary.Quartet);
        _tokenizer = TokenizerLoader.Open(_folder)!;
        LabTokenizer.Write(Path.Combine(_folder, "people"), LabVocabulary.PeopleAndYears);
        _peopleAndYears = TokenizerLoader.Open(Path.Combine(_folder, "people"))!;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_file_has_the_vocabulary_and_its_special_tokens()
    {
        Assert.Equal(382, LabVocabulary.Quartet.Size);
        Assert.Equal(LabVocabulary.Quartet.Size, _tokenizer.VocabularySize);
        Assert.Equal((LabVocabulary.Begin, LabVocabulary.End), (_tokenizer.BeginId, _tokenizer.EndId));
        Assert.Equal(LabVocabulary.Quartet.Tokens, Enumerable.Range(0, LabVocabulary.Quartet.Size)
            .Select(_tokenizer.Piece));
        Assert.Equal(LabVocabulary.Quartet.Size, LabVocabulary.Quartet.Tokens.Distinct().Count());
    }

    [Fact]
    public void Writing_twice_gives_the_same_bytes()
    {
        var again = Path.Combine(_folder, "again");
        LabTokenizer.Write(again, LabVocabulary.Quartet);
        Assert.All(Directory.GetFiles(again), file =>
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, Path.GetFileName(file))), File.ReadAllBytes(file)));
    }

    [Fact]
    public void Prompts_of_seven_boxes_have_54_ids_and_all_objects_and_labels_are_usable()
    {
        EncodeText encode = text => _tokenizer.Encode(text);
        var words = EntityWords.For(encode);
        Assert.Empty(words.Notices);
        Assert.Equal(26, words.Labels.Count);
        Assert.Equal(EntityWords.All.Objects, words.Objects);
        var prompts = EntityPrompts.Generate(new EntityOptions(70, 3), encode);
        Assert.All(prompts.Prompts, prompt =>
        {
            Assert.Equal(54, prompt.Clean.Ids.Length);
            Assert.Equal(53, prompt.Clean.Positions["last"]);
            Assert.Equal(51, prompt.Clean.Positions["query_label"]);
            for (var k = 0; k < 7; k++) Assert.Equal(2 + (7 * k), prompt.Clean.Positions[$"object_{k}"]);
        });
        var questions = EntityCurriculum.Questions(3, 70, 7);
        Assert.Equal(prompts.Prompts.Select(p => p.Clean.Ids), questions.Select(q => q.Ids));
        Assert.Equal(prompts.Answers, questions.Select(q => q.Answer.Single()));
    }

    [Fact]
    public void Encoding_equals_the_tokenizer_on_every_text_of_all_curricula()
    {
        Same(_tokenizer, LabVocabulary.Quartet, Curricula.Quartet, 2000);
        Same(_peopleAndYears, LabVocabulary.PeopleAndYears, Curricula.PeopleAndYears, 1000);

        static void Same(Tokenizer tokenizer, LabVocabulary vocabulary, IReadOnlyList<ITrainingData> data, int least)
        {
            string Text(TrainingSequence sequence) => Curricula.Text(sequence, vocabulary);
            var texts = Curricula.Sequences(3, data).DistinctBy(Text).ToDictionary(Text, sequence => sequence.Ids);
            Assert.True(texts.Count > least, $"{texts.Count} texts");
            foreach (var (text, ids) in texts)
            {
                Assert.Equal(ids, tokenizer.Encode(text));
                Assert.Equal(ids.Skip(1), vocabulary.Encode(text));
            }
        }
    }

    [Fact]
    public void People_and_years_have_all_words_of_both_tasks_and_a_token_for_two_digits()
    {
        EncodeText encode = text => _peopleAndYears.Encode(text);
        Assert.Equal(LabVocabulary.PeopleAndYears.Size, _peopleAndYears.VocabularySize);
        Assert.Empty(IoiWords.For(encode).Notices);
        var words = GreaterThanWords.For(encode);
        Assert.True(words.TwoDigits);
        Assert.Equal(GreaterThanWords.All.Nouns, words.Nouns);
        Assert.Equal(GreaterThanWords.All.Centuries, words.Centuries);
        Assert.Equal(["▁lasted", "▁", "17", "41", "."], _peopleAndYears.Encode("lasted 1741.", addSpecial: false)
            .Select(_peopleAndYears.Piece));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("The apple is in Box F")]
    [InlineData("  The  apple\tis in\nBox F ,the pot is in Box T . ")]
    [InlineData("12 + 7 = 19, 12+7=19")]
    [InlineData("nonsense words? apple-pie a1b2 $5 x_y don't \"quoted\"")]
    [InlineData("<s>USER: Hello!</s>USER: Hi.</s> <unk><b>")]
    [InlineData("The war lasted from the year 1741 to the year 17, 123 4 5½ 12½3")]
    public void Encoding_equals_the_tokenizer_on_odd_texts(string text)
    {
        Assert.Equal(_tokenizer.Encode(text, addSpecial: false), LabVocabulary.Quartet.Encode(text));
        Assert.Equal(_peopleAndYears.Encode(text, addSpecial: false), LabVocabulary.PeopleAndYears.Encode(text));
    }

    [Theory]
    [InlineData("The apple is in Box F, the pot is in Box T. Box F contains the apple.")]
    [InlineData("123+45=168. What is 12+7? 19.")]
    [InlineData("USER: Hello! ASSISTANT: Hello! How can I help you?")]
    public void Decoding_gives_the_text_back(string text)
    {
        Assert.Equal(text, _tokenizer.Decode(_tokenizer.Encode(text)));
        Assert.Equal(text, LabVocabulary.Quartet.Decode(LabVocabulary.Quartet.Encode(text)));
    }

    [Fact]
    public void A_word_that_is_not_in_the_vocabulary_is_refused_by_name() =>
        Assert.Contains("zebra", Assert.Throws<ArgumentException>(() => LabVocabulary.Quartet.IdOf("zebra")).Message);
}
