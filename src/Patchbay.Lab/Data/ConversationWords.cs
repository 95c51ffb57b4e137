namespace Patchbay.Lab.Data;

/// <summary>What conversations are about: common knowledge as small tables.</summary>
internal static class ConversationWords
{
    public static IReadOnlyList<string> Things => EntityWords.All.Objects;

    public static IReadOnlyList<string> Colours { get; } =
        WordList.Split("red blue green white black yellow brown grey");

    public static IReadOnlyList<string> Names { get; } =
        WordList.Split("Anna Ben Clara David Emma Frank Grace Henry Julia Karl Laura Martin");

    public static IReadOnlyList<string> Big { get; } =
        WordList.Split("ship plane train engine boat tent car cow horse tree vehicle table bed anchor piano");

    public static IReadOnlyList<string> Small { get; } =
        WordList.Split("coin key nut pin ring seed button stamp pill chip egg leaf thread magnet ticket card");

    public static IReadOnlyList<(string Thing, string Use)> Uses { get; } = Pairs(
        """
        cup drinking glass drinking book reading newspaper reading novel reading magazine reading pen writing
        paper writing fork eating plate eating car driving bed sleeping tent sleeping chair sitting sword cutting
        ball playing guitar playing piano playing screen seeing video seeing pan cooking pot cooking boat sailing
        ship sailing hook fishing net fishing thread sewing gun shooting lamp lighting radio listening record listening
        coin paying card paying coat wearing hat wearing suit wearing dress wearing
        """);

    public static IReadOnlyList<(string Thing, string Colour)> UsualColours { get; } = Pairs(
        """
        apple red rose red leaf green tree green plant green milk white salt white rice white sugar white paper white
        coffee brown wood brown bread brown brick red gold yellow corn yellow silver grey steel grey stone grey
        oil black
        """);

    /// <summary>Words and their opposites, both ways.</summary>
    public static IReadOnlyList<(string Word, string Opposite)> Opposites { get; } = BothWays(Pairs(
        """
        hot cold warm cool up down day night open closed full empty fast slow good bad happy sad hard soft long short
        high low light dark rich poor early late near far left right young old wet dry clean dirty strong weak big small
        """));

    private static (string, string)[] Pairs(string text) =>
        [.. WordList.Split(text).Chunk(2).Select(pair => (pair[0], pair[1]))];

    private static (string, string)[] BothWays((string A, string B)[] pairs) =>
        [.. pairs, .. pairs.Select(pair => (pair.B, pair.A))];
}
