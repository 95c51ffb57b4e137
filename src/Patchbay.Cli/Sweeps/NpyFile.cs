using System.Buffers.Binary;
using System.Text;

namespace Patchbay.Cli.Sweeps;

/// <summary>Matrices as NumPy reads them.</summary>
internal static class NpyFile
{
    private const int Alignment = 64; // where numpy.save puts the first number

    /// <summary>A matrix as an .npy file, format 1.0: float64, little-endian, row by row.</summary>
    /// <param name="matrix">By [row, column].</param>
    public static byte[] Bytes(double[,] matrix)
    {
        var header = Header(matrix.GetLength(0), matrix.GetLength(1));
        var bytes = new byte[header.Length + matrix.Length * sizeof(double)];
        header.CopyTo(bytes, 0);
        var at = header.Length;
        foreach (var value in matrix)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(at), value);
            at += sizeof(double);
        }
        return bytes;
    }

    /// <summary>Magic, version, length of the description, the description, padded by blanks to its line end.</summary>
    private static byte[] Header(int rows, int columns)
    {
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0, 0, 0];
        var description = $"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}";
        var padded = (start.Length + description.Length + 1 + Alignment - 1) / Alignment * Alignment - start.Length;
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(8), (ushort)padded);
        return [.. start, .. Encoding.ASCII.GetBytes(description.PadRight(padded - 1) + "\n")];
    }
}
