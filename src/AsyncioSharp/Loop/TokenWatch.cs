namespace AsyncioSharp;

/// <summary>Who is told by a <see cref="TokenWatch"/>.</summary>
internal interface ITokenListener
{
    /// <summary>The token is cancelled. Called once at most, on the loop's thread.</summary>
    void TokenCancelled(CancellationToken token);
}

/// <summary>
/// Tells something of a loop that a <see cref="CancellationToken"/> is cancelled: at once if that happens on the loop's thread (or has happened
/// before), otherwise by way of the loop's inbox. Nothing is told after <see cref="Dispose"/>, which also takes back the registration, so that a
/// token that lives long keeps nothing of what it has outlived. After the loop is closed nothing is told either.
/// </summary>
internal sealed class TokenWatch : Runnable, IDisposable
{
    private readonly EventLoop _loop;
    private readonly CancellationToken _token;
    private ITokenListener? _listener; // null once it was told, or does not want to be; the loop's thread alone changes it
    private CancellationTokenRegistration _registration;

    private TokenWatch(EventLoop loop, ITokenListener listener, CancellationToken token)
    {
        _loop = loop;
        _token = token;
        _listener = listener;
    }

    /// <summary>Begins to watch; null if the token can never be cancelled.</summary>
    internal static TokenWatch? Start(EventLoop loop, ITokenListener listener, CancellationToken token)
    {
        if (!token.CanBeCanceled)
        {
            return null;
        }
        var watch = new TokenWatch(loop, listener, token);
        loop.NoteTokenWatch(+1);
        watch._registration = token.UnsafeRegister(static watch => ((TokenWatch)watch!).Receive(), watch);
        return watch;
    }

    /// <summary>True as long as nothing was told. For the loop's thread.</summary>
    internal bool IsToTell => _listener is not null;

    /// <summary>Tells at once if the token is cancelled, also if the thread that cancels it has not come to this registration yet. For the loop's thread.</summary>
    internal void TellIfCancelled()
    {
        if (_token.IsCancellationRequested)
        {
            Run(null);
        }
    }

    /// <summary>Ends the watch. Does not wait for a cancellation that another thread is telling right now: that one comes too late.</summary>
    public void Dispose()
    {
        End();
        _registration.Unregister();
    }

    internal override void Run(object? source)
    {
        End()?.TokenCancelled(_token);
    }

    private ITokenListener? End()
    {
        var listener = _listener;
        if (listener is not null)
        {
            _listener = null;
            _loop.NoteTokenWatch(-1);
        }
        return listener;
    }

    // On whichever thread cancels the token.
    private void Receive()
    {
        if (_loop.IsOnOwnThread)
        {
            Run(null);
        }
        else
        {
            _loop.TryPush(this, null);
        }
    }
}
