using System.Buffers.Binary;
using System.Globalization;
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
        var (rows, columns) = (matrix.GetLength(0), matrix.GetLength(1));
        var header = Header(rows, columns);
        var bytes = new byte[header.Length + rows * columns * sizeof(double)];
        header.CopyTo(bytes, 0);
        var at = header.Length;
        foreach (var value in matrix)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(at), value);
            at += sizeof(double);
        }
        return bytes;
    }

    /// <summary>Magic, version, length of the description, the description padded by blanks to its end of line.</summary>
    private static byte[] Header(int rows, int columns)
    {
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0, 0, 0];
        var description = string.Create(CultureInfo.InvariantCulture, $"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
        var length = (start.Length + description.Length + 1 + Alignment - 1) / Alignment * Alignment - start.Length;
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(8), (ushort)length);
        return [.. start, .. Encoding.ASCII.GetBytes(description.PadRight(length - 1) + "\n")];
    }
}
