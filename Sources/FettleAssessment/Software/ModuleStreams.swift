import FettleModel
import FettleVersions

/// Which module streams a host's packages come from, where the list tells it or lets it be told.
///
/// A fix in one stream says nothing of another (trivy#741 #771), so advisories of modules hold only for packages of their own
/// stream. `rpm` labels each package of a module with it; a list without labels still shows by a package's release (`.module_el8…`,
/// `.module+el8…`) that it is of some module, and which stream that is by the version of a package that is the stream's namesake:
/// `nodejs` 18.20 is of the stream `nodejs:18`.
struct ModuleStreams {
    enum Stream: Hashable, CustomStringConvertible {
        /// Of no module.
        case none
        /// `name:stream`.
        case known(String)
        /// Of some module; the versions of the host's modular packages, by name, are all there is to tell it by.
        case unlabelled([String: String])

        var description: String {
            switch self {
            case .none: ""
            case .known(let name): name
            // What tells streams apart is the host's own: two hosts share a judgement only where that is the same.
            case .unlabelled(let versions): versions.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
            }
        }

        /// Whether an advisory of a module's stream holds: nil where it can't be told.
        func isOf(_ module: String) -> Bool? {
            switch self {
            case .none: return false
            case .known(let name):
                // A label may go on with version and context: `nodejs:18:8080020230…:…`.
                return name == module || name.hasPrefix(module + ":")
            case .unlabelled(let versions):
                let parts = module.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, let version = versions[String(parts[0])] else { return nil }
                guard parts[1].first?.isNumber == true else { return nil }
                return Self.begins(version, with: parts[1])
            }
        }

        /// `18.20.2` begins with `18`, and `180.1` does not.
        private static func begins(_ version: String, with stream: Substring) -> Bool {
            let upstream = version.split(separator: ":").last ?? ""
            guard upstream.hasPrefix(stream) else { return false }
            return upstream.dropFirst(stream.count).first.map { !$0.isNumber } ?? true
        }
    }

    private var modular: [String: String] = [:]

    init(_ packages: [ListedPackage]) {
        for package in packages where package.origin == .system(.rpm) && RpmVersion.isModular(package.version) {
            modular[package.name] = package.version
            // The module's namesake is often a source of binaries with longer names: postgresql of postgresql-server.
            if modular[package.source] == nil { modular[package.source] = package.sourceVersion }
        }
    }

    func stream(of package: ListedPackage) -> Stream {
        if let module = package.module, !module.isEmpty { return .known(module) }
        return RpmVersion.isModular(package.version) ? .unlabelled(modular) : .none
    }
}
