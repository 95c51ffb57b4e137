using System.Buffers.Binary;
using System.Text;

namespace Patchbay.Report;

/// <summary>Matrices as NumPy reads them.</summary>
internal static class NpyFile
{
    private const int Alignment = 64; // where numpy.save puts the first number

    /// <summary>A matrix as an .npy file.</summary>
    /// <param name="matrix">By [row, column].</param>
    public static byte[] Bytes(double[,] matrix) => Bytes([matrix.GetLength(0), matrix.GetLength(1)],
        [.. matrix.Cast<double>()]);

    /// <summary>An array as an .npy file, format 1.0: float64, little-endian, the last index fastest.</summary>
    /// <param name="shape">Its size in each dimension.</param>
    /// <param name="values">Its values.</param>
    public static byte[] Bytes(int[] shape, double[] values)
    {
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0, 0, 0];
        var description = $"{{'descr': '<f8', 'fortran_order': False, 'shape': ({string.Join(", ", shape)}), }}";
        var padded = (start.Length + description.Length + 1 + Alignment - 1) / Alignment * Alignment - start.Length;
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(8), (ushort)padded);
        byte[] header = [.. start, .. Encoding.ASCII.GetBytes(description.PadRight(padded - 1) + "\n")];
        var bytes = new byte[header.Length + values.Length * sizeof(double)];
        header.CopyTo(bytes, 0);
        foreach (var (i, value) in values.Index())
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(header.Length + i * sizeof(double)), value);
        return bytes;
    }
}
