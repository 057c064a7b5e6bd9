import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

/// The whole way from the question to the resolution, in every POSIX shell of this machine, with apk's recorded answers.
@Suite struct ApkResolverTests {
    private static func resolve(
        _ wanted: [(String, String)], on host: ApkHost, shell: [String] = ["/bin/sh"]
    ) async throws -> Resolution {
        try await ShellUpdateResolver(channels: host.channel(shell: shell)) { FactSample.now }.resolve(
            wanted.map { PackageVersion(name: $0.0, architecture: "x86_64", version: $0.1) }, manager: .apk,
            on: "alpine-1",
            at: .local)
    }

    private static func host(add: String, status: Int = 0, policy: String = "") async throws -> ApkHost {
        let host = try ApkHost()
        try host.write(ApkHost.installed, to: "lib/apk/db/installed")
        try await host.offer(ApkHost.offers)
        try host.write(add, to: "add.txt")
        try host.write(policy, to: "policy.txt")
        try host.answer(
            with: """
                case "$*" in
                    *--print-arch*) echo x86_64 ;;
                    *policy*) cat '\(host.root.path)/policy.txt' ;;
                    *" add --simulate -- "*) cat '\(host.root.path)/add.txt'; exit \(status) ;;
                    *) exit 99 ;;
                esac
                """)
        return host
    }

    @Test(arguments: ShellRunner.shells) func anAnswerBecomesAResolution(shell: [String]) async throws {
        let host = try await Self.host(
            add: ApkReportTests.upgrade,
            policy: """
                openssl policy:
                  3.1.4-r2:
                    lib/apk/db/installed
                    http://mirror/main
                  3.1.7-r0:
                    http://mirror/main
                libcrypto3 policy:
                  3.1.4-r2:
                    lib/apk/db/installed
                """)
        try host.write("", to: "var/cache/apk/libssl3-3.1.4-r2.0a1b2c3d.apk")
        let resolution = try await Self.resolve(
            [("openssl", "3.1.7-r0"), ("libssl3", "3.1.7-r0")], on: host, shell: shell)
        #expect(resolution.manager == .apk)
        #expect(
            resolution.changes
                == ["libcrypto3", "libssl3", "openssl"].map {
                    PackageChange(name: $0, architecture: "x86_64", from: "3.1.4-r2", to: "3.1.7-r0")
                })
        #expect(resolution.downloadBytes == 1_711_000 + 250_100 + 310_000)
        // openssl is still on offer, libssl3 lies in the cache.
        #expect(
            resolution.unavailableEarlier
                == [PackageVersion(name: "libcrypto3", architecture: "x86_64", version: "3.1.4-r2")])
        #expect(resolution.reboot == .notExpected)
        #expect(resolution.rehearsedOn == nil)
    }

    @Test func nothingToDoIsNoChange() async throws {
        let host = try await Self.host(add: "OK: 23 KiB in 8 packages\n")
        #expect(try await Self.resolve([("openssl", "3.1.4-r2")], on: host).changes == [])
    }

    @Test func apksRefusalIsToldInItsWords() async throws {
        let host = try await Self.host(
            add: "ERROR: unable to select packages:\n  openssl-3.1.4-r2:\n    breaks: world[openssl=9.9-r0]\n",
            status: 1)
        let failure = await #expect(throws: StepFailure.self) {
            try await Self.resolve([("openssl", "9.9-r0")], on: host)
        }
        #expect(failure?.code == .refused)
        #expect(failure?.message == "apk finds no way: unable to select packages: breaks: world[openssl=9.9-r0]")
        #expect(failure?.output.contains("openssl-3.1.4-r2") == true)
    }

    /// Another version than the one that was asked for, silence about it, too much of it, or none of apk's answers at all.
    @Test(arguments: [
        "(1/1) Upgrading openssl (3.1.4-r2 -> 3.1.6-r0)\nOK: 1 MiB in 8 packages\n", "OK: 1 MiB in 8 packages\n",
        "(1/1) Upgrading openssl (3.1.3-r0 -> 3.1.7-r0)\nOK: 1 MiB in 8 packages\n",
        "(1/1) Installing openssl (3.1.7-r0)\nOK: 1 MiB in 8 packages\n", "hello\n", "",
    ]) func anAnswerToAnotherQuestionIsNone(add: String) async throws { try await isNoAnswer(add) }

    @Test func anAnswerOfMegabytesIsNone() async throws {
        try await isNoAnswer(String(repeating: "(1/1) Upgrading openssl (3.1.4-r2 -> 3.1.7-r0)\n", count: 100_000))
    }

    private func isNoAnswer(_ add: String) async throws {
        let host = try await Self.host(add: add)
        let failure = await #expect(throws: StepFailure.self) {
            try await Self.resolve([("openssl", "3.1.7-r0")], on: host)
        }
        #expect(failure?.code == .internal, "\(failure?.message.prefix(300) ?? "none")")
    }

    @Test func aHostWithoutApkSaysSo() async throws {
        let host = try ApkHost()
        let failure = await #expect(throws: StepFailure.self) {
            try await Self.resolve([("openssl", "3.1.7-r0")], on: host)
        }
        #expect(failure?.code == .refused)
        #expect(failure?.message == "apk finds no way: apk is not here")
    }
}

/// The real program, where there is one: `FETTLE_APK` names it, or a script that calls it.
@Suite(.enabled(if: RealApk.path != nil, "FETTLE_APK names an apk")) struct RealApkTests {
    private func host() async throws -> ApkHost {
        let host = try ApkHost()
        try host.write(ApkHost.installed, to: "lib/apk/db/installed")
        try await host.offer(ApkHost.offers)
        try host.answer(with: "exec '\(RealApk.path ?? "")' --root '\(host.root.path)' --allow-untrusted \"$@\"")
        return host
    }

    private func resolve(_ wanted: [(String, String)], on host: ApkHost) async throws -> Resolution {
        try await ShellUpdateResolver(channels: host.channel()).resolve(
            wanted.map { PackageVersion(name: $0.0, architecture: "x86_64", version: $0.1) }, manager: .apk,
            on: "alpine-1",
            at: .local)
    }

    @Test func exactVersionsEntailWhatTheyNeedAndNothingIsWritten() async throws {
        let host = try await host()
        let look = RemoteCommand(script: "cd '\(host.root.path)' && find . -type f -exec md5sum {} + | sort")
        let before = try await ShellRunner().run(look).outputText
        let resolution = try await resolve([("openssl", "3.1.7-r0"), ("bash", "5.2.21-r0")], on: host)
        #expect(
            resolution.changes.map { "\($0.name) \($0.architecture) \($0.from ?? "-") \($0.to ?? "-")" } == [
                "bash x86_64 - 5.2.21-r0", "libcrypto3 x86_64 3.1.4-r2 3.1.7-r0", "libssl3 x86_64 3.1.4-r2 3.1.7-r0",
                "ncurses noarch - 6.4_p20231125-r0", "openssl x86_64 3.1.4-r2 3.1.7-r0",
            ])
        #expect(resolution.downloadBytes == 1_711_000 + 250_100 + 310_000 + 600_000 + 200_000)
        #expect(resolution.unavailableEarlier.map(\.name) == ["libcrypto3", "libssl3"])
        #expect(try await ShellRunner().run(look).outputText == before)
    }

    @Test func whatIsThereEntailsNothing() async throws {
        #expect(try await resolve([("openssl", "3.1.4-r2")], on: try await host()).changes == [])
    }

    @Test(arguments: [("openssl", "9.9-r0"), ("nosuch", "1-r0"), ("busybox", "1.36.1-r19")])
    func aVersionThatNobodyOffersIsRefused(name: String, version: String) async throws {
        let host = try await host()
        let failure = await #expect(throws: StepFailure.self) { try await resolve([(name, version)], on: host) }
        #expect(failure?.code == .refused)
        #expect(failure?.message.contains("world[\(name)=\(version)]") == true)
    }
}

enum RealApk {
    static let path = ProcessInfo.processInfo.environment["FETTLE_APK"]
}
