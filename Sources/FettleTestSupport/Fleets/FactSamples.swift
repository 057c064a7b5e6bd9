public import FettleModel

/// Moments, packages and facts for tests. Times count from 2026-11-23T09:00:00Z.
public enum FactSample {
    public static let now = Timestamp(milliseconds: 1_795_424_400_000)

    public static func package(
        _ name: String, _ version: String, source: String? = nil, isHeld: Bool = false
    ) -> InstalledPackage {
        InstalledPackage(
            manager: .dpkg, name: name, architecture: "amd64", version: version, source: source ?? name,
            sourceVersion: version, isHeld: isHeld)
    }

    public static func update(
        _ name: String, from installed: String, to candidate: String, source: String? = nil, isHeld: Bool = false
    ) -> AvailableUpdate {
        AvailableUpdate(
            manager: .dpkg, name: name, architecture: "amd64", installed: installed, candidate: candidate,
            source: source ?? name, sourceVersion: candidate, isHeld: isHeld,
            origins: [UpdateOrigin(origin: "Debian", suite: "stable-security", codename: "bookworm-security")])
    }

    /// A reachable host on which everything was observed and nothing is wrong.
    public static func host(
        _ resource: ResourceID, packages: [InstalledPackage] = [], updates: [AvailableUpdate] = [],
        at time: Timestamp = now
    ) -> HostFacts {
        HostFacts(
            resource: resource, observedAt: time, reachability: .reachable,
            platform: .observed(
                Platform(
                    distribution: "debian", version: "12", codename: "bookworm",
                    prettyName: "Debian GNU/Linux 12 (bookworm)", architecture: "amd64")),
            boot: .observed(BootFacts(bootID: "boot-of-\(resource)", uptimeSeconds: 86_400)),
            packages: .observed(packages), brokenPackages: .observed([]), updates: .observed(updates),
            kernels: .observed(KernelFacts(running: "6.1.0-40-amd64", installed: ["6.1.0-40-amd64"])),
            rebootRequired: .observed(RebootRequirement(isRequired: false)), staleServices: .observed([]),
            units: .observed([]), fileSystems: .observed([]), packageLocks: .observed([]))
    }
}
