using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Torch.Tests;

/// <summary>Numbers in, numbers out, in every dtype.</summary>
public sealed class DtypeTests
{
    private static readonly double[] Small = [0, 1, -2, 3.5, 100];

    [Theory]
    [InlineData(ScalarType.Float16, 2)]
    [InlineData(ScalarType.BFloat16, 2)]
    [InlineData(ScalarType.Float32, 4)]
    [InlineData(ScalarType.Float64, 8)]
    public void Floating_dtypes_keep_the_numbers_they_can_hold(ScalarType type, int bytes)
    {
        using var scope = NewDisposeScope();
        var a = tensor(Small).to(type);
        Assert.Equal(type, a.dtype);
        Assert.Equal(bytes, a.ElementSize);
        Assert.True(a.is_floating_point());
        Assert.Equal(Small, a.to(float64).data<double>().ToArray());
        Assert.Equal(3.5, a[3].ToDouble());
        Assert.Equal(bytes * 5, a.bytes.Length);
    }

    [Theory]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int64)]
    public void Integer_dtypes_keep_integers(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var a = tensor(new long[] { 0, 1, 2, 100 }).to(type);
        Assert.Equal(type, a.dtype);
        Assert.True(a.is_integral());
        Assert.Equal([0L, 1L, 2L, 100L], a.to(int64).data<long>().ToArray());
        Assert.Equal(100, a[3].ToInt32());
    }

    [Fact]
    public void Arrays_of_each_type_come_back_as_they_were()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([1.5f, -2f], tensor(new[] { 1.5f, -2f }).data<float>().ToArray());
        Assert.Equal([1.5, -2], tensor(new[] { 1.5, -2 }).data<double>().ToArray());
        Assert.Equal([1L << 40, -2], tensor(new[] { 1L << 40, -2 }).data<long>().ToArray());
        Assert.Equal([1, -2], tensor(new[] { 1, -2 }).data<int>().ToArray());
        Assert.Equal([true, false], tensor(new[] { true, false }).data<bool>().ToArray());
#if !TORCHSHARP_0_99
        Assert.Equal([(Half)1.5f, (Half)(-2f)], tensor(new[] { 1.5f, -2f }).to(float16).data<Half>().ToArray());
#endif
        var grid = tensor(new[,] { { 1f, 2f, 3f }, { 4f, 5f, 6f } });
        Assert.Equal([2L, 3L], grid.shape);
        Assert.Equal(new[,] { { 1f, 2f, 3f }, { 4f, 5f, 6f } }, grid.data<float>().ToNDArray());
        Assert.Equal(float32, tensor(new[] { 1.0, 2.0 }, dtype: float32).dtype);
    }

    [Fact]
    public void Scalars_have_the_dtype_of_their_type()
    {
        using var scope = NewDisposeScope();
        Assert.Equal((float32, 2.5), (tensor(2.5f).dtype, tensor(2.5f).ToDouble()));
        Assert.Equal((float64, 2.5), (tensor(2.5).dtype, tensor(2.5).ToDouble()));
        Assert.Equal((int64, 3L), (tensor(3L).dtype, tensor(3L).ToInt64()));
        Assert.Equal((int32, 3), (tensor(3).dtype, tensor(3).item<int>()));
        Assert.Equal((@bool, true), (tensor(true).dtype, tensor(true).ToBoolean()));
        Assert.Equal(0, tensor(2.5f).dim());
        Assert.Empty(tensor(2.5f).shape);
    }

    [Fact]
    public void A_view_with_strides_reads_in_the_order_of_its_shape()
    {
        using var scope = NewDisposeScope();
        var a = arange(6, float32).view(2, 3).t();
        Assert.False(a.is_contiguous());
        Assert.Equal([1L, 3L], a.stride());
        Assert.Equal([0f, 3f, 1f, 4f, 2f, 5f], a.data<float>().ToArray());
        Assert.Equal(4f, a.data<float>()[1, 1]);
        Assert.Equal(3f, a.data<float>()[1]);
        var target = new float[4];
        a.data<float>().CopyTo(target, 1, 2);
        Assert.Equal([0f, 1f, 4f, 2f], target);
    }

    [Fact]
    public void Bytes_and_accessors_write_through()
    {
        using var a = zeros(2, 2);
        a.data<float>()[1, 0] = 5;
        a.data<float>().CopyFrom([7f], 0, 3);
        BitConverter.GetBytes(2f).CopyTo(a.bytes);
        Assert.Equal([2f, 0f, 5f, 7f], a.data<float>().ToArray());
    }

    [Fact]
    public void An_empty_tensor_has_no_elements()
    {
        using var scope = NewDisposeScope();
        var a = zeros(0, 3);
        Assert.Equal((0L, 2L), (a.numel(), a.dim()));
#if TORCH_SYSTEM // TorchSharp's accessor throws
        Assert.Empty(a.data<float>().ToArray());
#endif
        Assert.Equal(0.0, a.sum().ToDouble());
    }

    [Fact]
    public void Metadata_is_told()
    {
        using var scope = NewDisposeScope();
        var a = zeros(2, 3, 4);
        Assert.Equal("[2x3x4], type = Float32, device = cpu", a.ToString());
        Assert.Equal((3L, 12L, 24L), (a.size(1), a.stride(0), a.NumberOfElements));
        Assert.Equal((DeviceType.CPU, -1), (a.device.type, a.device.index));
        Assert.Equal("cuda:1", new Device("cuda:1").ToString());
    }
}
