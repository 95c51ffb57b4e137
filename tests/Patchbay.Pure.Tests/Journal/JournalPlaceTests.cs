namespace Patchbay.Journal.Tests;

public sealed class JournalPlaceTests
{
    [Theory]
    [InlineData("postgres://ann@db.lab:6543/sweeps", "postgres://ann@db.lab:6543/sweeps")]
    [InlineData("postgresql://db.lab/sweeps?sslmode=verify-full", "postgres://db.lab:5432/sweeps")]
    [InlineData("Host=db.lab;Username=ann;Database=sweeps", "postgres://ann@db.lab:5432/sweeps")]
    public void A_database_has_two_forms_and_one_name(string text, string name)
    {
        var place = JournalPlace.OfDatabase(text, "--journal", mayHoldPassword: false);
        Assert.Equal(name, place.ToString());
        Assert.Null(place.File);
        if (text.Contains("verify", StringComparison.Ordinal))
            Assert.Contains("VerifyFull", place.ConnectionString, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://ann:secret@db.lab/sweeps")]
    [InlineData("Host=db.lab;Username=ann;Password=secret;Database=sweeps")]
    public void A_password_is_taken_where_nobody_sees_it_and_never_shown(string text)
    {
        var e = Assert.Throws<InvalidDataException>(() => JournalPlace.OfDatabase(text, "--journal", false));
        Assert.Contains("holds a password", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.ToString(), StringComparison.Ordinal);
        var place = JournalPlace.OfDatabase(text, "PATCHBAY_JOURNAL", mayHoldPassword: true);
        Assert.Contains("secret", place.ConnectionString, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", place.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mysql://db.lab/sweeps:secret", "a text of another form")]
    [InlineData("journal.db secret", "a text of another form")]
    [InlineData("postgres://ann@db.lab", "found no database")]
    [InlineData("Database=sweeps;Username=secret", "found no host")]
    [InlineData("Host=db.lab;Databose=secret", "a text of another form")]
    [InlineData("postgres://db.lab/sweeps?sslmode=secret", "a text of another form")]
    public void What_is_no_database_is_refused_without_repeating_it(string text, string part)
    {
        var e = Assert.Throws<InvalidDataException>(() => JournalPlace.OfDatabase(text, "--journal", false));
        Assert.StartsWith("--journal: expected postgres://", e.Message, StringComparison.Ordinal);
        Assert.Contains(part, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }
}
