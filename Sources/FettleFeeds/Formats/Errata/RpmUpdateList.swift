internal import FettleIndex
internal import FettleVersions

/// The packages of an erratum, file by file, brought together by name, stream and version.
struct RpmUpdateList {
    private struct Key: Hashable {
        var ecosystem: Ecosystem
        var name: String
        var module: String?
    }

    private var architectures: [Key: [String: Set<String>]] = [:]
    private var order: [Key] = []

    /// - Parameter version: with its epoch and release.
    mutating func add(
        _ name: String, _ version: String, architecture: String, module: String?, in ecosystem: Ecosystem
    ) {
        guard architecture != "src", architecture != "nosrc" else { return }
        let key = Key(ecosystem: ecosystem, name: name, module: module)
        if architectures[key] == nil { order.append(key) }
        architectures[key, default: [:]][version, default: []].insert(architecture)
    }

    /// Architectures are told apart only where their versions differ.
    var affected: [AffectedPackage] {
        order.flatMap { key -> [AffectedPackage] in
            let versions = architectures[key] ?? [:]
            return versions.sorted { $0.key < $1.key }.map { version, architectures in
                var package = AffectedPackage.below(version, of: key.name, in: key.ecosystem)
                package.module = key.module
                if versions.count > 1 { package.architectures = architectures.sorted() }
                return package
            }
        }
    }
}
