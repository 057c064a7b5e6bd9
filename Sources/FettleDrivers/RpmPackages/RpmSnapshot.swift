import FettleDriverKit
import FettleModel

/// What the drivers of rpm packages have to know of a host before and after each act, looked at in one round trip.
struct RpmSnapshot: Sendable {
    /// Before the look began.
    var observedAt: Timestamp
    var packages: RpmPackages
    var locks: [PackageLock]
    /// Jobs of Fettle on this host, by unit.
    var jobs: [String: DetachedJob.State]
    /// Bytes free on the file systems where packages are unpacked, by mount point.
    var freeBytes: [String: Int64]
    var hasSystemd: Bool
    /// nil: the host has neither dnf nor zypper.
    var tool: RpmTool?

    /// Every version that is installed of it; more than one is what an interrupted run leaves, but for kernels.
    func versions(_ change: PackageChange) -> [String] {
        packages.installed.filter { $0.name == change.name && $0.architecture == change.architecture }
            .map { RpmNames.withoutZeroEpoch($0.version) }
    }

    /// At exactly this version, whatever else is installed beside it.
    func isInstalled(_ version: PackageVersion) -> Bool {
        packages.installed.contains {
            PackageVersion(name: $0.name, architecture: $0.architecture, version: $0.version).isSameRpm(version)
        }
    }

    func requireTool() throws(StepFailure) -> RpmTool {
        guard let tool else { throw StepFailure(code: .refused, message: "the host has neither dnf nor zypper") }
        return tool
    }
}

enum RpmSnapshotScript {
    static func make() -> SectionedScript {
        SectionedScript(sections: [
            SnapshotScript.system, tool, RpmSections.packages, ProcessSections.locks, SnapshotScript.jobs, space,
        ])
    }

    /// As the facts: dnf where both are.
    static let tool = SectionedScript.Section(
        name: "tool", limit: 256,
        body: #"""
                if [ -x \#(RpmCommand.dnf) ]; then echo dnf
                elif [ -x \#(RpmCommand.zypper) ]; then echo zypper; fi
                return 0
            """#)

    private static let space = SectionedScript.Section(
        name: "space", limit: 64 * 1_024,
        body: #"""
                if [ -d \#(RpmCommand.parent) ]; then cache=\#(RpmCommand.parent); else cache=/var/cache; fi
                within 10 df -P -k / /usr /var/lib "$cache" 2>/dev/null || within 10 df -P -k /
            """#)
}

extension HostSession {
    func rpmSnapshot() async throws(StepFailure) -> RpmSnapshot {
        let began = clock.now()
        let transcript = try await collect(RpmSnapshotScript.make())
        do throws(FactError) {
            let tool = FactText.lines(try transcript.requiredOutput(of: "tool")).first
            return RpmSnapshot(
                observedAt: began, packages: try RpmPackages(parsing: try transcript.requiredOutput(of: "rpm")),
                locks: try transcript.output(of: "locks").map { text throws(FactError) in try LockParser.locks(text) }
                    ?? [],
                jobs: DetachedJob.states(try transcript.requiredOutput(of: "jobs")),
                freeBytes: PackageSnapshotParser.freeBytes(try transcript.requiredOutput(of: "space")),
                hasSystemd: FactText.lines(try transcript.requiredOutput(of: "system")).first == "systemd",
                tool: tool.flatMap { RpmTool(rawValue: String($0)) })
        } catch {
            throw StepFailure(code: .internal, message: "the state of the packages cannot be read: \(error)")
        }
    }
}
