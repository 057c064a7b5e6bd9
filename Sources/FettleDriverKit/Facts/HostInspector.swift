public import FettleModel

/// Collects the facts of one host in one round trip.
public protocol HostInspector: Sendable {
    /// Never throws: not reaching a host, and not being able to observe a part, are facts too.
    func inspect(_ resource: ResourceID, at address: ResourceAddress) async -> HostFacts

    /// The same for some parts; the others are `notObserved`, or observed all the same.
    func inspect(_ resource: ResourceID, at address: ResourceAddress, parts: FactParts) async -> HostFacts
}

extension HostInspector {
    /// For an inspector that knows only the whole.
    public func inspect(_ resource: ResourceID, at address: ResourceAddress, parts: FactParts) async -> HostFacts {
        await inspect(resource, at: address)
    }
}

/// Asks a host's own package manager what exactly would happen.
public protocol UpdateResolver: Sendable {
    /// Every change that bringing `wanted` to exactly these versions entails. Changes nothing on the host.
    ///
    /// - Throws: `refused` if the package manager finds no way, with its own words in `output`.
    func resolve(
        _ wanted: [PackageVersion], manager: PackageManager, on resource: ResourceID, at address: ResourceAddress
    ) async throws(StepFailure) -> Resolution
}
