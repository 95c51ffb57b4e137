using System.Threading.Channels;

namespace Patchbay.Node;

/// <summary>An actor: messages in the order they came, handled one at a time by one reader. Whoever posts never
/// waits.</summary>
internal sealed class Mailbox<T> : IAsyncDisposable
{
    private readonly Channel<T> messages = Channel.CreateUnbounded<T>(
        new UnboundedChannelOptions { SingleReader = true });
    private readonly Task reader;

    /// <summary>Starts reading.</summary>
    /// <param name="handle">Handles one message; what it throws ends the actor.</param>
    public Mailbox(Func<T, Task> handle) => reader = Task.Run(async () =>
    {
        await foreach (var message in messages.Reader.ReadAllAsync()) await handle(message);
    });

    /// <summary>Ends when the mailbox is closed and empty, or with what a handler threw.</summary>
    public Task Completion => reader;

    /// <summary>Adds a message; after the mailbox was closed, nothing.</summary>
    public void Post(T message) => messages.Writer.TryWrite(message);

    /// <summary>Takes no more messages.</summary>
    public void Close() => messages.Writer.TryComplete();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Close();
        await reader.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

/// <summary>A bounded number of threads on which all units run, each with its own number of libtorch's threads, set
/// once.</summary>
internal sealed class ComputeSlots : IDisposable
{
    private readonly Channel<Action> work = Channel.CreateUnbounded<Action>();
    private readonly Thread[] threads;

    /// <summary>Starts the threads.</summary>
    /// <param name="count">How many units run at a time.</param>
    /// <param name="begin">Called on each thread first.</param>
    public ComputeSlots(int count, Action begin)
    {
        threads = [.. Enumerable.Range(0, count)
            .Select(i => new Thread(() => Work(begin)) { IsBackground = true, Name = $"compute {i}" })];
        foreach (var thread in threads) thread.Start();
    }

    /// <summary>Runs something when a thread is free; the task ends when it has.</summary>
    public Task Run(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Writer.TryWrite(() =>
        {
            try
            {
                action();
                done.SetResult();
            }
#pragma warning disable CA1031 // Handed on to whoever awaits it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Ends the threads when what they do is done.</summary>
    public void Dispose()
    {
        work.Writer.TryComplete();
        foreach (var thread in threads) thread.Join();
    }

    private void Work(Action begin)
    {
        begin();
        while (work.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            while (work.Reader.TryRead(out var action)) action();
    }
}
