import FettleDriverKit
import FettleModel
import Foundation
import Testing

/// The lab as the tests of the main job see it: both pools, the balancer, and the real `fettle` beside this test's own program.
enum MainJobLab {
    static var isUp: Bool { PackagesLab.isUp }

    /// The program that was built with these tests, or the one that `FETTLE_BINARY` names.
    static func program() throws -> URL {
        let named = ProcessInfo.processInfo.environment["FETTLE_BINARY"].map { URL(fileURLWithPath: $0) }
        let built = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "fettle")
        let program = named ?? built
        try #require(
            FileManager.default.isExecutableFile(atPath: program.path),
            "there is no fettle at \(program.path): build it, or name it by FETTLE_BINARY")
        return program
    }

    /// A pool as new: pristine disks, nothing offered, every fault mended, every member in traffic.
    static func renew(_ pool: Pool, offering suites: String...) async throws {
        // Whatever a test that failed left running.
        for daemon in ["load", "sample"] { _ = try await PackagesLab.attempt([daemon, "stop"]) }
        for member in pool.members { try await PackagesLab.lab("noboot", member, "off") }
        try await PackagesLab.lab("reset", pool.pattern)
        for suite in suites { try await PackagesLab.lab("offer", suite, pool.pattern) }
        try await Balancer.putAllBack()
        try await Balancer.waitUntilAllServe()
    }

    struct Pool {
        var name: String
        var pattern: String { "\(name)-*" }
        var members: [String] { (1...4).map { "\(name)-\($0)" } }

        static let api = Pool(name: "api")
        static let web = Pool(name: "web")
    }
}

/// What stands on hosts, asked without ssh and without Fettle.
enum Truth {
    static func version(of package: String, on hosts: [String]) async throws -> [String] {
        var versions: [String] = []
        for host in hosts { versions.append(try await PackagesLab.version(of: package, on: host)) }
        return versions
    }

    /// How often dpkg brought the package from one version to another: its own log's `upgrade` lines.
    static func changes(of package: String, on host: String) async throws -> Int {
        let text = try await PackagesLab.inside(
            "grep -c ' upgrade \(package):' /var/log/dpkg.log || true", on: host)
        return try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    static func isWhole(_ host: String) async throws -> Bool {
        try await PackagesLab.inside("dpkg --audit", on: host).isEmpty
    }

    static func bootID(of host: String) async throws -> String {
        try await PackagesLab.inside("cat /proc/sys/kernel/random/boot_id", on: host)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
