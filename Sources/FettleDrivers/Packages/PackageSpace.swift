import FettleModel

/// Whether there is room before anything is begun: dpkg that runs out of space stops in the middle.
enum PackageSpace {
    /// What stays free beside the work itself, so that logs and databases can go on.
    static let reserve: Int64 = 48 * 1_024 * 1_024
    /// An archive unpacks to a few times its size, and old and new files lie side by side for a while.
    static let unpackingFactor: Int64 = 3

    /// - Parameter free: bytes free by mount point.
    static func requireForDownload(_ bytes: Int64, in free: [String: Int64]) throws(StepFailure) {
        try require(bytes &+ reserve, at: ["/var/cache/fettle", "/var/cache"], for: "the downloads", in: free)
    }

    static func requireForUnpacking(_ downloadBytes: Int64, in free: [String: Int64]) throws(StepFailure) {
        let bytes = min(max(0, downloadBytes), 1 << 40) * unpackingFactor + reserve
        for place in ["/usr", "/var/lib/dpkg"] {
            try require(bytes, at: [place], for: "unpacking", in: free)
        }
    }

    private static func require(
        _ bytes: Int64, at places: [String], for purpose: String, in free: [String: Int64]
    ) throws(StepFailure) {
        guard let mount = places.lazy.compactMap({ mountPoint(of: $0, in: free) }).first,
            let available = free[mount], available < bytes
        else { return }
        throw StepFailure(
            code: .noSpace,
            message:
                "\(purpose) needs \(HostText.mebibytes(bytes)) free on \(mount), which has \(HostText.mebibytes(available))"
        )
    }

    /// The longest mount point above the path among those that were measured.
    private static func mountPoint(of path: String, in free: [String: Int64]) -> String? {
        free.keys
            .filter { $0 == "/" || path == $0 || path.hasPrefix($0 + "/") }
            .max { $0.utf8.count < $1.utf8.count }
    }
}

/// Packages as messages name them.
enum PackageWords {
    /// The first few, and how many more.
    static func list(_ versions: [PackageVersion]) -> String { list(versions.map { "\($0.name) \($0.version)" }) }

    static func list(_ items: [String]) -> String {
        let shown = items.prefix(5).joined(separator: ", ")
        return items.count <= 5 ? shown : "\(shown) and \(items.count - 5) more"
    }
}
