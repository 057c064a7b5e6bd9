import FettleIndex
import FettleModel
import FettleVersions

/// Which module streams a host's packages come from, where the list tells it or lets it be told.
///
/// A fix in one stream says nothing of another (trivy#741 #771), so advisories of modules hold only for packages of their own
/// stream. `rpm` labels each package of a module with it; a list without labels still shows by a package's release (`.module_el8…`,
/// `.module+el8…`) that it is of some module, and which stream that is by the version of a package that is the stream's namesake:
/// `nodejs` 18.20 is of the stream `nodejs:18`. Streams whose names are no versions (`container-tools:rhel8`) are told by the build, where an
/// advisory of the stream names it as a fix.
struct ModuleStreams {
    enum Stream: Hashable, CustomStringConvertible {
        /// Of no module.
        case none
        /// `name:stream`.
        case known(String)
        /// Of some module, to be told by the versions of the host's modular packages, by name, and by the modules that have its build.
        case unlabelled([String: String], builtFor: [String] = [])

        var description: String {
            switch self {
            case .none: ""
            case .known(let name): name
            // What tells streams apart is the host's own: two hosts share a judgement only where that is the same.
            case .unlabelled(let versions, _): versions.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
            }
        }

        /// Whether an advisory of a module's stream holds: nil where it can't be told.
        func isOf(_ module: String) -> Bool? {
            switch self {
            case .none: return false
            case .known(let name):
                // A label may go on with version and context: `nodejs:18:8080020230…:…`.
                return name == module || name.hasPrefix(module + ":")
            case .unlabelled(let versions, let modules):
                // Neither denies what the other tells: streams share builds, and not every list names the namesake's own version.
                if modules.contains(module) { return true }
                let parts = module.split(separator: ":", maxSplits: 1)
                if parts.count == 2, parts[1].first?.isNumber == true, let version = versions[String(parts[0])] {
                    return Self.begins(version, with: parts[1])
                }
                return modules.isEmpty ? nil : false
            }
        }

        /// The same, with the modules of which an advisory names the very build that made this version as its fix of the package.
        func settled(byBuildOf version: String, in advisories: PackageAdvisories) -> Stream {
            guard case .unlabelled(let versions, _) = self, let build = RpmVersion.moduleBuild(of: version)
            else { return self }
            var modules: [String] = []
            for entry in (0..<advisories.count).lazy.map(advisories.entry) {
                let module = advisories.module(of: entry)
                guard !module.isEmpty, !modules.contains(module) else { continue }
                let fixes = advisories.fixes(of: entry).lazy.map(advisories.bound)
                if fixes.contains(where: { RpmVersion.moduleBuild(of: $0) == build }) { modules.append(module) }
            }
            return .unlabelled(versions, builtFor: modules)
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
