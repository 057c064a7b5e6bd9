internal import FettleModel

/// The fleet, ready to be asked which resources a scope names.
struct Places {
    private let fleet: Fleet
    private var groups: [ResourceID: [String]] = [:]

    init(_ fleet: Fleet) {
        self.fleet = fleet
        for group in fleet.groups {
            for member in group.members { groups[member, default: []].append(group.id.rawValue) }
        }
    }

    /// nil: the scope is not narrowed to a part of the fleet. Names that match nothing reach nothing.
    func resources(in scope: WaiverScope) -> Set<ResourceID>? {
        guard scope.isNarrowed else { return nil }
        let (names, groupNames) = (scope.resources.map(Glob.init), scope.groups.map(Glob.init))
        let environments = scope.environments.map(Glob.init)
        func matches(_ globs: [Glob], _ texts: [String]) -> Bool {
            globs.isEmpty || globs.contains { glob in texts.contains { glob.matches($0) } }
        }
        return Set(
            fleet.resources.lazy.filter { resource in
                matches(environments, [resource.environment.rawValue]) && matches(names, [resource.id.rawValue])
                    && matches(groupNames, groups[resource.id, default: []])
            }.map(\.id))
    }
}

/// A package that a scope is narrowed to, compared with what a finding is about.
struct PackageScope {
    private let package: WaivedPackage

    init(_ package: WaivedPackage) { self.package = package }

    /// Whether the packages cover all that the finding is about: its source, or every one of its binary packages. Where only some
    /// of the binaries are named, the others are still affected.
    static func cover(_ packages: [PackageScope], _ finding: Finding, on system: WaiverBook.System?) -> Bool {
        guard let system else { return false }
        let matching = packages.filter { $0.isFor(system) && $0.isFor(finding.installed) }.map(\.package.name)
        if matching.contains(finding.source) { return true }
        let names = Set(matching)
        return !finding.packages.isEmpty && finding.packages.allSatisfy(names.contains)
    }

    private func isFor(_ installed: String) -> Bool {
        guard let version = package.version else { return true }
        return Self.withoutZeroEpoch(version) == Self.withoutZeroEpoch(installed)
    }

    private static func withoutZeroEpoch(_ version: String) -> Substring {
        version.hasPrefix("0:") ? version.dropFirst(2) : version[...]
    }

    private func isFor(_ system: WaiverBook.System) -> Bool {
        guard system.manager == package.manager else { return false }
        if let distribution = package.distribution {
            guard let platform = system.platform,
                Self.identifiers(of: distribution).contains(platform.distribution.lowercased())
            else { return false }
        }
        if let release = package.release {
            guard let platform = system.platform, Self.releases(of: platform).contains(release.lowercased()) else {
                return false
            }
        }
        if let architecture = package.architecture {
            guard let platform = system.platform, platform.architecture == architecture else { return false }
        }
        return true
    }

    private static func releases(of platform: Platform) -> Set<String> {
        let (name, version) = (platform.distribution.lowercased(), platform.version.lowercased())
        let full = version.isEmpty ? "" : "\(name)-\(version)"
        return Set([platform.codename.lowercased(), version, full].filter { !$0.isEmpty })
    }

    /// The `ID`s of os-release that a package URL's namespace stands for.
    private static func identifiers(of namespace: String) -> [String] {
        switch namespace.lowercased() {
        case "redhat": ["rhel"]
        case "rocky", "rocky-linux", "rockylinux": ["rocky"]
        case "amazon", "amazonlinux": ["amzn"]
        case "oracle", "oraclelinux": ["ol"]
        case "suse": ["sles", "sled"]
        case "opensuse": ["opensuse-leap", "opensuse-tumbleweed"]
        case let name: [name]
        }
    }
}
