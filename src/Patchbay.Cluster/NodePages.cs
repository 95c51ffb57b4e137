using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Patchbay.Cluster;

/// <summary>What a node serves to browsers at the address of its API: a room above this one gives it. Requests of
/// browsers never reach the API, nor those of the API's clients the pages.</summary>
/// <param name="Register">Adds the services that it needs.</param>
/// <param name="Build">Makes the whole of how a browser's request is answered, security included.</param>
public sealed record NodePages(Action<IServiceCollection> Register, Func<IServiceProvider, RequestDelegate> Build);
