import FettleDatabase
import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

/// Where a test makes its images, of the one that the lab's machines start from.
final class ImageFolder: Sendable {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "fettle-images-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// A copy of an image, changed by commands of debugfs: nothing is mounted.
    func make(_ name: String, from image: String, by commands: [String]) async throws {
        var script = "qemu-img convert -O raw \(try shellQuoted([image, path(name)]))"
        for command in commands { script += " && debugfs -w -R \(try shellQuoted([command, path(name)]))" }
        try await Self.local(script)
    }

    func patching(_ source: String, to name: String) -> [String] {
        let source = source.hasPrefix("/") ? source : path(source)
        // Small, and without a kernel.
        return [
            "image", "patch", source, "--to", path(name), "--package", "openssl", "--package", "libssl3", "--gate",
            "unit:nginx.service", "--gate", "http:80/healthz",
        ]
    }

    /// - Returns: the version of openssl that is in it now.
    @discardableResult
    func patch(_ source: String, to name: String, _ site: HypervisorSite) async throws -> String {
        let process = try site.launch(patching(source, to: name))
        try #require(try await process.end(within: HypervisorLab.longest) == 0, "\(process.output)")
        let line = process.output.split(separator: "\n").first { $0.contains(" openssl: ") }
        return String(try #require(line?.split(separator: " ").last, "\(process.output)"))
    }

    /// In the catalogue, promoted, and where the hypervisors see it.
    func offer(_ name: String, _ site: HypervisorSite) async throws {
        let base = URL(fileURLWithPath: try HypervisorLab.baseImage).deletingLastPathComponent().path
        try await site.fettle(
            "image", "add", path(name), "--name", "guest-base", "--kernel", base + "/vmlinuz", "--initrd",
            base + "/initrd")
        try await site.fettle("image", "promote", "image-1", "--to", "production")
        let images = try #require(HypervisorLab.run) + "/guests/images"
        let words = try shellQuoted([path(name), images, base])
        try await Self.local(
            """
            set -e -- \(words)
            mkdir -p "$2"; chmod 755 "$2"
            sum=$(sha256sum <"$1"); stem=$2/${sum%% *}
            cp "$1" "$stem.${1##*.}"; cp "$3/vmlinuz" "$stem.vmlinuz"; cp "$3/initrd" "$stem.initrd"
            chmod 644 "$stem".*
            """)
    }

    private static func local(_ script: String) async throws {
        let channel = try await LocalConnection().channel(to: .local)
        let result = try await channel.run(RemoteCommand(script: script, timeout: .seconds(300)))
        try #require(result.succeeded, "\(script): \(result.errorText)")
    }
}

extension HypervisorLab {
    static var baseImage: String {
        get throws {
            let folder = try String(contentsOfFile: try #require(run) + "/guest-image", encoding: .utf8)
            return folder.trimmingCharacters(in: .whitespacesAndNewlines) + "/base.qcow2"
        }
    }

    @discardableResult
    static func ssh(_ machine: String, _ words: String...) async throws -> String {
        let result = try await attempt(["in", "ssh", "-F", try #require(run) + "/ssh_config", machine] + words)
        try #require(result.succeeded, "\(machine): \(words): \(result.errorText)")
        return result.outputText
    }

    static func openssl(on machine: String) async throws -> String {
        try await ssh(machine, "dpkg-query", "-W", "-f='${Version}'", "openssl")
    }
}

extension HypervisorSite {
    /// Members of the pool, asked for by alice and approved by bob.
    func approvedReplacement(of machines: [String]) async throws {
        // Of all: a host whose updates are not known makes a scan one that was partly read.
        for machine in HypervisorLab.homes.keys.sorted() {
            try await HypervisorLab.ssh(machine, "apt-get", "-qq", "update")
        }
        try await fettle("scan", ends: 100, 101, 102)
        let make = try launch(["plan", "make", "--only", "openssl"] + machines.flatMap { ["--host", $0] })
        try #require(try await make.end(within: HypervisorLab.longest) == 0, "\(make.output)")
        try await fettle("change", "submit", "plan-1", "--reason", "a test")
        try await fettle("change", "approve", "change-1", as: "bob")
    }

    func waitForIntent(of step: StepID, within seconds: Int = 600) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            let records = try await store.records(of: "run-1", after: 0)
            if records.contains(where: { if case .stepIntended(step, _, _) = $0.event { true } else { false } }) {
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw TestFailure("\(step) was not begun within \(seconds) s")
    }
}
