import FettleModel
import FettleVersions

extension PackageURL {
    /// What a package URL doesn't say and the entry around it may.
    struct Context {
        /// The entry's own version, for a URL without one.
        var version = ""
        var source: String?
        var sourceVersion: String?
        var module: String?
    }

    /// What keeps a package URL from being a package that advisories know.
    enum Unlisted: Error, Equatable {
        case typeWithoutAdvisories(String)
        case incomplete(String)

        var reason: String {
            switch self {
            case .typeWithoutAdvisories(let type): "no advisories are known for packages of type \(type)"
            case .incomplete(let what): what
            }
        }
    }

    /// The package as its advisories write it.
    func listed(_ context: Context = Context()) throws(Unlisted) -> ListedPackage {
        switch type {
        case "deb": return try system(.dpkg, context)
        case "apk", "alpine": return try system(.apk, context)
        case "rpm": return try rpm(context)
        default: break
        }
        guard let ecosystem = RegistryName.ecosystem(type: type) else { throw .typeWithoutAdvisories(type) }
        let version = version ?? context.version
        // Go writes `(devel)` for what was built from a working copy.
        guard !version.isEmpty, version != "(devel)" else { throw .incomplete("it has no version") }
        return RegistryName.package(ecosystem, try registryName(), version)
    }

    private func registryName() throws(Unlisted) -> String {
        switch type {
        case "maven":
            guard let namespace else { throw .incomplete("a package of maven needs its group") }
            return "\(namespace):\(name)"
        case "pypi", "gem", "nuget", "cargo": return name
        default: return namespace.map { "\($0)/\(name)" } ?? name
        }
    }

    private func fullVersion(_ context: Context) throws(Unlisted) -> String {
        let version = version ?? context.version
        guard !version.isEmpty else { throw .incomplete("it has no version") }
        guard let epoch = qualifiers["epoch"], epoch != "0", !version.utf8.contains(UInt8(ascii: ":")) else {
            return version
        }
        guard epoch.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else { throw .incomplete("its epoch is no number") }
        return "\(epoch):\(version)"
    }

    /// The source is in `upstream`, as `name` or `name@version` (syft); in `source` and `sourceversion`, or `origin`
    /// (scalibr); or beside the URL (Trivy).
    private func system(_ manager: PackageManager, _ context: Context) throws(Unlisted) -> ListedPackage {
        let version = try fullVersion(context)
        var source = qualifiers["source"] ?? qualifiers["origin"]
        var sourceVersion = qualifiers["sourceversion"]
        if let upstream = qualifiers["upstream"] {
            let parts = upstream.split(separator: "@", maxSplits: 1)
            source = parts.first.map(String.init)
            sourceVersion = parts.count == 2 ? String(parts[1]) : nil
        }
        return ListedPackage(
            origin: .system(manager), name: name, architecture: qualifiers["arch"] ?? "", version: version,
            source: source ?? context.source, sourceVersion: sourceVersion ?? context.sourceVersion)
    }

    private func rpm(_ context: Context) throws(Unlisted) -> ListedPackage {
        let version = RpmVersion(try fullVersion(context))
        let file = qualifiers["upstream"] ?? qualifiers["sourcerpm"] ?? ""
        let source = RpmList.source(file[...], epoch: version.epoch)
        let label = qualifiers["modularitylabel"] ?? qualifiers["rpmmod"]
        return ListedPackage(
            origin: .system(.rpm), name: name, architecture: qualifiers["arch"] ?? "", version: version.description,
            source: source?.name ?? context.source, sourceVersion: source?.version ?? context.sourceVersion,
            module: label.flatMap(RpmList.module) ?? context.module)
    }

    /// The release that a distribution's package names itself to be of.
    package var platform: String? {
        guard ["deb", "rpm", "apk", "alpine"].contains(type), let distro = qualifiers["distro"] else { return nil }
        return PlatformName.name(distro: distro, namespace: namespace ?? "")
    }
}
