import FettleTestSupport
import Foundation
import Testing

/// An artifact store's folder as hosts of the lab reach it: over HTTP, from the controller.
final class ArtifactServer {
    private let process = Process()
    private let port = 18_080

    init(_ folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-m", "http.server", "\(port)", "--directory", folder.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit { end() }

    func end() { process.end() }

    /// By the controller's name in the lab.
    var address: String { "http://controller:\(port)" }

    /// What an operator does once for a host: the public key and the source, both as `freeze` told them.
    func introduce(_ repository: String, as told: String, to host: String) async throws {
        let lines = told.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        let source = try lines.suffix(from: #require(lines.firstIndex(of: "Types: deb"))).joined(separator: "\n")
        try await PackagesLab.inside(
            """
            set -e
            curl -fsS --retry 5 --retry-connrefused -o /etc/apt/keyrings/fettle.asc \(address)/repositories/\(repository)/fettle.asc
            cat >/etc/apt/sources.list.d/fettle-patchset-1.sources <<'END'
            \(source)
            END
            apt-get -qq update
            """, on: host)
    }
}
