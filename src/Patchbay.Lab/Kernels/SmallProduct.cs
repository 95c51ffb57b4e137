using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Patchbay.Lab.Kernels;

/// <summary>Products of matrices that lie in a core's own cache, such as one head's attention over one short sequence, where a
/// call into a BLAS costs as much as the product.</summary>
internal static unsafe class SmallProduct
{
    /// <summary>c (m, n) = a (m, k) · b (k, n), or += it. Element (i, j) of a lies at a[i * aRow + j * aColumn], so that a may be
    /// a transpose; b and c are row-major. n must be a multiple of 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // at its best from the first call
    public static void Multiply(
        float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, int m, int n, int k, bool add = false)
    {
        var j = 0;
        for (; j + 32 <= n; j += 32)
        {
            var i = 0;
            for (; i + 4 <= m; i += 4) FourByTwo(a + i * aRow, aRow, aColumn, b + j, bRow, c + i * cRow + j, cRow, k, add);
            for (; i < m; i++)
            {
                OneByOne(a + i * aRow, aColumn, b + j, bRow, c + i * cRow + j, k, add);
                OneByOne(a + i * aRow, aColumn, b + j + 16, bRow, c + i * cRow + j + 16, k, add);
            }
        }
        if (j < n)
        {
            var i = 0;
            for (; i + 4 <= m; i += 4) FourByOne(a + i * aRow, aRow, aColumn, b + j, bRow, c + i * cRow + j, cRow, k, add);
            for (; i < m; i++) OneByOne(a + i * aRow, aColumn, b + j, bRow, c + i * cRow + j, k, add);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByTwo(float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, int k, bool add)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default;
        Vector512<float> c20 = default, c21 = default, c30 = default, c31 = default;
        float* a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
        for (var p = 0; p < k; p++)
        {
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + 16);
            var x = Vector512.Create(*a);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(*a1);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(*a2);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(*a3);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            b += bRow;
            a += aColumn;
            a1 += aColumn;
            a2 += aColumn;
            a3 += aColumn;
        }
        Store(c, c00, add);
        Store(c + 16, c01, add);
        Store(c + cRow, c10, add);
        Store(c + cRow + 16, c11, add);
        Store(c + 2 * cRow, c20, add);
        Store(c + 2 * cRow + 16, c21, add);
        Store(c + 3 * cRow, c30, add);
        Store(c + 3 * cRow + 16, c31, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByOne(float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, int k, bool add)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        for (var p = 0; p < k; p++, a += aColumn, b += bRow)
        {
            var b0 = Vector512.Load(b);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(*a), b0, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(a[aRow]), b0, c1);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(a[2 * aRow]), b0, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Create(a[3 * aRow]), b0, c3);
        }
        Store(c, c0, add);
        Store(c + cRow, c1, add);
        Store(c + 2 * cRow, c2, add);
        Store(c + 3 * cRow, c3, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByOne(float* a, nint aColumn, float* b, nint bRow, float* c, int k, bool add)
    {
        Vector512<float> sum = default;
        for (var p = 0; p < k; p++, a += aColumn, b += bRow)
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(*a), Vector512.Load(b), sum);
        Store(c, sum, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector512<float> value, bool add) =>
        (add ? Vector512.Load(c) + value : value).Store(c);

    /// <summary>Transpose: from (rows, columns), row-major with a stride, to (columns, rows).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* from, nint fromRow, float* to, nint toRow, int rows, int columns)
    {
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++) to[j * toRow + i] = from[i * fromRow + j];
    }
}
