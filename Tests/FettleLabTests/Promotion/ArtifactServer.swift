import FettleTestSupport
import Foundation
import Testing

/// An artifact store's folder as hosts of the lab reach it: over HTTP, from the controller.
final class ArtifactServer {
    private let process = Process()
    private let port: Int

    /// - Parameter port: suites that run side by side need one each.
    init(_ folder: URL, port: Int = 18_080) throws {
        self.port = port
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

    /// The same for a host with dnf or zypper. zypper believes lists by the keys of rpm's database alone; dnf takes in the key that the file
    /// names.
    func introduce(toRpm host: String, as told: String) async throws {
        let lines = told.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        let source = try lines.suffix(from: #require(lines.firstIndex(of: "[fettle-patchset-1]"))).prefix(8)
            .joined(separator: "\n")
        let (folder, take) =
            host == "dnf-1"
            ? ("/etc/yum.repos.d", "dnf -q -y --refresh makecache")
            : ("/etc/zypp/repos.d", "rpm --import fettle.asc && zypper --non-interactive refresh --force >/dev/null")
        try await PackagesLab.inside(
            """
            set -e
            mkdir -p /etc/pki/rpm-gpg; cd /etc/pki/rpm-gpg
            curl -fsS --retry 5 --retry-connrefused -o fettle.asc \(address)/repositories/patchset-1/debian-12/fettle.asc
            cat >\(folder)/fettle-patchset-1.repo <<'END'
            \(source)
            END
            \(take)
            """, on: host)
    }
}
