namespace Patchbay.Models.Kernels;

/// <summary>Attention of some rows of some variants over the keys of a base run, with the keys and values of the
/// variants' own rows in the place of the base's. A variant is one altered copy of the base's N prompts; a plain
/// forward pass is the case of one variant with no rows of its own.</summary>
public sealed partial record RowAttention
{
    /// <summary>Queries after the rotary embedding: (V, N, Dq, H, dh).</summary>
    public required Tensor Query { get; init; }

    /// <summary>Position of each query row, N × Dq; -1 marks padding, whose output is zero.</summary>
    public required int[] QueryPositions { get; init; }

    /// <summary>The base's keys after the rotary embedding, transposed: (prompts, Hkv, dh, Tp), Tp >= T padded with
    /// finite numbers to a multiple of 16.</summary>
    public required Tensor BaseKeyT { get; init; }

    /// <summary>The base's values: (prompts, Hkv, T, dh).</summary>
    public required Tensor BaseValue { get; init; }

    /// <summary>Which of the base's prompts each of the N is.</summary>
    public required int[] Prompts { get; init; }

    /// <summary>Keys after the rotary embedding of the variants' own rows, (V, N, Dk, Hk, dh) with Hk = Hkv or H; null:
    /// all keys and values are the base's.</summary>
    public Tensor? OwnKey { get; init; }

    /// <summary>Values of the variants' own rows, in the shape of <see cref="OwnKey"/>.</summary>
    public Tensor? OwnValue { get; init; }

    /// <summary>Position of each own row, N × Dk; -1 marks padding.</summary>
    public int[] OwnPositions { get; init; } = [];

    /// <summary>Key positions that query row (v·N + n)·Dq + j may not attend to; null for none at all.</summary>
    public int[]?[]? Forbidden { get; init; }

    /// <summary>What scores are divided by; null for the root of the head width.</summary>
    public double? Divisor { get; init; }

    /// <summary>Scores s become cap · tanh(s / cap); null for none.</summary>
    public double? Cap { get; init; }

    /// <summary>A query sees this many keys, its own counted; null for all before it.</summary>
    public int? Window { get; init; }

    /// <summary>Heads' weighted sums, (V, N, Dq, H, dh), in the queries' dtype.</summary>
    public Tensor Run()
    {
        // The kernel computes on the CPU, without gradients, in float32, and no form of scores but Llama's.
        var fits = Query.device_type == DeviceType.CPU && !is_grad_enabled() && Query.dtype != ScalarType.Float64
            && BaseKeyT.shape[3] <= 32768 && Divisor is null && Cap is null && Window is null;
        if (!fits) return RunTorch();
        if (Query.dtype == ScalarType.Float32) return RunFused();
        // What is narrower is copied: a product of few rows of bfloat16 or float16 is many times slower than this, and
        // attention is a small part of a layer.
        using var scope = NewDisposeScope();
        var wide = this with
        {
            Query = Widened(Query),
            BaseKeyT = Widened(BaseKeyT),
            BaseValue = Widened(BaseValue),
            OwnKey = OwnKey is null ? null : Widened(OwnKey),
            OwnValue = OwnValue is null ? null : Widened(OwnValue),
        };
        return wide.RunFused().to(Query.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>A tensor as the kernel reads it: float32 of bfloat16 or float16 on the CPU, else the same.</summary>
    public static Tensor Widened(Tensor x) =>
        x.device_type == DeviceType.CPU && x.ElementSize == 2 ? x.to(ScalarType.Float32) : x.alias();

    private int Variants => (int)Query.shape[0];
    private int Count => (int)Query.shape[1];
    private int QueryRows => (int)Query.shape[2];
    private int Heads => (int)Query.shape[3];
    private int HeadWidth => (int)Query.shape[4];
    private int OwnRows => OwnKey is null ? 0 : (int)OwnKey.shape[2];

    /// <summary>The plain form, from batched products and masks; any dtype, device and gradient.</summary>
    public Tensor RunTorch()
    {
        using var scope = NewDisposeScope();
        int V = Variants, N = Count, D = QueryRows, H = Heads, dh = HeadWidth, T = (int)BaseValue.shape[2];
        int hkv = (int)BaseValue.shape[1], group = H / hkv;
        var prompts = RowIndex.Of(Prompts, Query.device);
        var keyT = BaseKeyT.index_select(0, prompts).narrow(-1, 0, T);                      // (N, hkv, dh, T)
        var value = BaseValue.index_select(0, prompts);                                     // (N, hkv, T, dh)
        var q = Query.div(Number.Of(Divisor ?? Math.Sqrt(dh)));

        // Base keys: all variants of a prompt and key/value head share one product.
        Tensor ByPrompt(Tensor x, int width) => // (V, N, D, H, width) -> (N, hkv, group·V·D, width)
            x.view(V, N, D, hkv, group, width).permute(1, 3, 4, 0, 2, 5).reshape(N, hkv, -1, width);
        Tensor ByVariant(Tensor x, int width) => // and back
            x.view(N, hkv, group, V, D, width).permute(3, 0, 4, 1, 2, 5).reshape(V, N, D, H, width);
        var scores = ByVariant(ByPrompt(q, dh).matmul(keyT), T);                            // (V, N, D, H, T)
        var (baseMask, ownMask) = Masks(T);
        scores = Decoder.Capped(scores, Cap).masked_fill(baseMask, Number.Never);
        Tensor? ownValue = null;
        if (OwnKey is not null && OwnValue is not null)
        {
            var repeat = H / (int)OwnKey.shape[3];
            var ownKey = OwnKey.repeat_interleave(repeat, dim: 3).permute(0, 1, 3, 4, 2);   // (V, N, H, dh, Dk)
            ownValue = OwnValue.repeat_interleave(repeat, dim: 3).permute(0, 1, 3, 2, 4);   // (V, N, H, Dk, dh)
            var own = q.permute(0, 1, 3, 2, 4).matmul(ownKey).permute(0, 1, 3, 2, 4);       // (V, N, D, H, Dk)
            own = Decoder.Capped(own, Cap).masked_fill(ownMask!, Number.Never);
            scores = cat([scores, own], -1);
        }
        var weights = Decoder.Softmax(scores);                                                // (V, N, D, H, T + Dk)
        var z = ByVariant(ByPrompt(weights.narrow(-1, 0, T), T).matmul(value), dh);         // (V, N, D, H, dh)
        if (ownValue is not null)
        {
            var own = weights.narrow(-1, T, OwnRows).permute(0, 1, 3, 2, 4).matmul(ownValue).permute(0, 1, 3, 2, 4);
            z = z.add(own, Number.One);
        }
        return z.contiguous().MoveToOuterDisposeScope();
    }

    // True where a score is to be -inf: over base keys (V or 1, N, D, 1, T), over own ones (V or 1, N, D, 1, Dk) or
    // null. Padding attends to the first token, so that no NaN arises.
    private (Tensor Base, Tensor? Own) Masks(int tokens)
    {
        var at = RowIndex.Of(QueryPositions, Query.device).view(Count, QueryRows, 1);       // (N, D, 1)
        var keys = RowIndex.Below(tokens, Query.device);
        var first = at.clamp_min(Number.Of(0));
        var forbidden = keys.gt(first);                                                     // (N, D, T)
        if (Window is { } window) forbidden |= keys.le(first.add(Number.Of(-(long)window), Number.One));
        if (OwnRows == 0) return (WithForbidden(forbidden, (_, key) => key), null);
        var replaced = new bool[Count * tokens];
        for (var i = 0; i < OwnPositions.Length; i++)
            if (OwnPositions[i] >= 0) replaced[i / OwnRows * tokens + OwnPositions[i]] = true;
        var padding = at.lt(Number.Of(0));
        forbidden = forbidden | (tensor(replaced, device: Query.device).view(Count, 1, tokens) & ~padding);
        var own = RowIndex.Of(OwnPositions, Query.device).view(Count, 1, OwnRows);
        var hidden = own.gt(at) | own.lt(Number.Of(0)) | padding;
        if (Window is { } reach) hidden |= own.le(at.add(Number.Of(-(long)reach), Number.One));
        return (WithForbidden(forbidden, (_, key) => key),
            WithForbidden(hidden,
                (n, key) => OwnPositions.AsSpan(n * OwnRows, OwnRows).IndexOf(key)));
    }

    // A mask (N, D, keys) with what Forbidden says of each variant, (V or 1, N, D, 1, keys); place tells where a
    // position stands among a prompt's keys, below 0 for nowhere.
    private Tensor WithForbidden(Tensor mask, Func<int, int, int> place)
    {
        mask = mask.unsqueeze(0).unsqueeze(3);
        if (Forbidden is null) return mask;
        var keys = mask.shape[^1];
        mask = mask.repeat(Variants, 1, 1, 1, 1);
        int[] places = [.. Forbidden.Index().Where(row => row.Item is not null).SelectMany(row => row.Item!
            .Select(key => (Row: row.Index, Key: place(row.Index / QueryRows % Count, key))))
            .Where(p => p.Key >= 0).Select(p => checked((int)(p.Row * keys + p.Key)))];
        mask.view(-1).index_fill_(0, RowIndex.Of(places, Query.device), Number.One);
        return mask;
    }
}
