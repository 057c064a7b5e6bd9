import Foundation

/// A product from PyPI with which tests prove Fettle: `scripts/install-products` installs it beside the clones.
public struct InstalledProduct: Sendable {
    /// The environment that it has to itself.
    public let folder: String
    public var python: String { "\(folder)/bin/python" }

    /// nil: it is not installed whole.
    ///
    /// - Parameter name: without its version; of several the last by name counts.
    public init?(_ name: String) {
        let cache =
            ProcessInfo.processInfo.environment["XDG_CACHE_HOME"]
            ?? "\(FileManager.default.homeDirectoryForCurrentUser.path)/.cache"
        let all = "\(cache)/fettle"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: all)) ?? []
        let place = names.sorted().filter { $0.hasPrefix("\(name)-") }.map { "\(all)/\($0)" }
            .last { FileManager.default.fileExists(atPath: "\($0)/whole") }
        guard let place else { return nil }
        folder = place
    }
}
