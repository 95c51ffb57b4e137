using System.Net;
using System.Net.Sockets;

namespace Patchbay.Journal;

/// <summary>Ports of this machine that nobody listens at: for measurements and tests.</summary>
public static class FreePorts
{
    /// <summary>A port that is free, and so is the next one.</summary>
    public static int Two()
    {
        while (true)
        {
            using var first = new TcpListener(IPAddress.Loopback, 0);
            first.Start();
            var port = ((IPEndPoint)first.LocalEndpoint).Port;
            using var second = new TcpListener(IPAddress.Loopback, port + 1);
            try
            {
                second.Start();
                return port;
            }
            catch (SocketException)
            {
                // Another's: it is looked for further.
            }
        }
    }
}
