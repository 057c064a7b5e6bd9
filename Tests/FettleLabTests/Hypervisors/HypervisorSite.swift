import FettleDatabase
import FettleModel
import FettleStore
import Foundation
import Testing

/// A folder with the fleet of the lab's hypervisors, and the real program in it.
final class HypervisorSite: Sendable {
    let directory: URL
    let store: SQLiteStore
    private let outputs: URL

    /// - Parameters:
    ///   - bandwidth: what a move may take of the network, in MiB a second: with little it lasts long enough to be disturbed.
    ///   - mostMemory: what all machines on one hypervisor may have together, in MiB.
    ///   - bake: how long the first machine that is made anew from an image is watched, such as `5s`; nil: they are patched instead.
    ///   - snapshots: as the group of machines says it, such as `{driver: libvirt}`: they are patched behind snapshots, and not restarted.
    init(bandwidth: Int = 0, mostMemory: Int = 1_600, remaking bake: String? = nil, snapshots: String? = nil) throws {
        let name = "fettle-\(UUID().uuidString)"
        directory = FileManager.default.temporaryDirectory.appending(path: name)
        outputs = FileManager.default.temporaryDirectory.appending(path: "\(name)-output")
        for folder in [directory, outputs] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        let lab = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Lab").standardizedFileURL
        var fleet = try String(contentsOf: lab.appending(path: "fleet-vm.yaml"), encoding: .utf8)
            .replacing("mostMemory: 1600", with: "mostMemory: \(mostMemory)\n      bandwidth: \(bandwidth)")
        if let bake {
            let machines = "{driver: libvirt, images: /srv/guests/images, bake: \(bake), keep: 5s}"
            fleet = fleet.replacing(
                "    traffic: {driver: haproxy",
                with:
                    "    strategy: {replace: {image: guest-base, machines: \(machines)}}\n    traffic: {driver: haproxy"
            )
        }
        if let snapshots {
            fleet = fleet.replacing(
                "    traffic: {driver: haproxy", with: "    snapshot: \(snapshots)\n    traffic: {driver: haproxy")
        }
        try Data(fleet.utf8).write(to: directory.appending(path: "fleet.yaml"))
        let policy = try String(contentsOf: lab.appending(path: "policy-vm.yaml"), encoding: .utf8)
            .replacing("classes: [security]", with: "classes: [security, unclassified]")
            .replacing("reboot: always", with: snapshots == nil ? "reboot: always" : "reboot: never")
        try Data(policy.utf8).write(to: directory.appending(path: "policy.yaml"))
        store = try SQLiteStore(path: directory.appending(path: ".fettle/fettle.db").path)
    }

    deinit { for folder in [directory, outputs] { try? FileManager.default.removeItem(at: folder) } }

    func launch(_ words: [String], as person: String = "alice") throws -> FettleProcess {
        let run = try #require(HypervisorLab.run)
        let settings = [
            "FETTLE_DIR": directory.path, "FETTLE_SSH_CONFIG": run + "/ssh_config", "FETTLE_HINTS": "never",
            "FETTLE_PERSON": person,
        ]
        return try FettleProcess(
            words, settings: settings, outputFile: outputs.appending(path: UUID().uuidString))
    }

    @discardableResult
    func fettle(
        _ words: String..., as person: String = "alice", ends codes: Int32...,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let process = try launch(words, as: person)
        let code = try await process.end(within: HypervisorLab.longest)
        #expect(
            (codes.isEmpty ? [0] : codes).contains(code),
            "fettle \(words.joined(separator: " ")) ended with \(code):\n\(process.output)", sourceLocation: location)
        return process.output
    }

    /// One package on these hypervisors, asked for by alice and approved by bob.
    func approvedChange(of package: String, on hypervisors: String...) async throws {
        try await fettle("scan", "--group", "compute", ends: 100, 101, 102)
        let make = try launch(["plan", "make", "--only", package] + hypervisors.flatMap { ["--host", $0] })
        try #require(try await make.end(within: HypervisorLab.longest) == 0, "\(make.output)")
        try await fettle("change", "submit", "plan-1", "--reason", "a test")
        try await fettle("change", "approve", "change-1", as: "bob")
    }

    var outcome: RunOutcome? {
        get async throws {
            for record in try await store.records(of: "run-1", after: 0).reversed() {
                if case .ended(let outcome) = record.event { return outcome }
            }
            return nil
        }
    }

    /// What the run saw when a step was done.
    func observation(of step: StepID) async throws -> Observation? {
        try await store.records(of: "run-1", after: 0).lazy.compactMap { record in
            if case .stepDone(step, _, let observation) = record.event { observation } else { nil }
        }.last
    }
}
