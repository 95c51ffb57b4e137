namespace Patchbay.Tests;

/// <summary>A fact that takes minutes: runs where PATCHBAY_SOAK is set, and PostgreSQL is installed where it needs
/// that.</summary>
internal sealed class SoakFactAttribute : FactAttribute
{
    /// <summary>Makes one.</summary>
    /// <param name="needsPostgres">Whether it needs PostgreSQL.</param>
    public SoakFactAttribute(bool needsPostgres = false) => Skip = !IsSoak ? "runs where PATCHBAY_SOAK is set"
        : needsPostgres && PostgresServer.Programs is null ? PostgresFactAttribute.Notice : null;

    /// <summary>Whether the variable is set.</summary>
    public static bool IsSoak => Environment.GetEnvironmentVariable("PATCHBAY_SOAK") is not null;
}
