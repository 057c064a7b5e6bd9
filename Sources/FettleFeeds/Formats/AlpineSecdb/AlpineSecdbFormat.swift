internal import FettleIndex
internal import FettleVersions
public import Foundation

/// Alpine's security database, one document for each release and repository (https://secdb.alpinelinux.org), and those
/// of Wolfi and Chainguard in the same form.
public enum AlpineSecdbFormat: FeedFormat {
    public static let name = "alpine-secdb"

    public static func recognises(_ head: Data) -> Bool {
        let outline = JSONOutline(head)
        return outline.has("packages/[]/pkg")
            || (outline.has("packages") && (outline.has("distroversion") || outline.has("apkurl")))
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let database = try document.decoded(Database.self, orElse: "is no Alpine security database")
        let ecosystem = try database.ecosystem(document.name)
        for (number, entry) in database.packages.enumerated() {
            guard let package = entry.value?.pkg, AffectedPackage.isPlausible(package.name) else {
                sink.skipped("package \(number + 1)", because: entry.problem ?? "its name is empty or too long")
                continue
            }
            for record in AlpineSecfixes(package, in: ecosystem, sink).records { try sink.advisory(record) }
        }
    }

    private struct Database: Decodable {
        var distroversion: String?
        var urlprefix: String?
        var packages: [Lenient<Entry>]

        /// Alpine names its release; Wolfi and Chainguard have none, and are told by where their packages lie.
        func ecosystem(_ document: String) throws(FeedError) -> Ecosystem {
            var name: String?
            if let version = distroversion, !version.isEmpty {
                name = "alpine:\(version.hasPrefix("v") ? String(version.dropFirst()) : version)"
            } else if let prefix = urlprefix {
                if prefix.contains("wolfi") { name = "wolfi" }
                if prefix.contains("cgr.dev") { name = "chainguard" }
            }
            guard let name, name.utf8.count < 60, let ecosystem = Ecosystem(name) else {
                throw FeedError(document, "names no release: 'distroversion' must be such as 'v3.20' or 'edge'")
            }
            return ecosystem
        }
    }

    struct Entry: Decodable {
        var pkg: Package
    }

    struct Package: Decodable {
        var name: String
        var secfixes: [String: Lenient<[Lenient<String>]>]?
    }
}
