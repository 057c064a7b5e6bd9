import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

/// The lab as the tests of packages see it: one host for changes of packages, one for reboots. No other suite uses them:
/// suites run side by side.
enum PackagesLab {
    static let directory = ProcessInfo.processInfo.environment["FETTLE_LAB_RUN"]
    static var isUp: Bool { directory != nil }
    static let host = "dev-1"
    static let rebootHost = "dev-2"
    static let connections = SSHConnections(configuration())

    static func configuration() -> SSHConfiguration {
        var configuration = SSHConfiguration()
        configuration.configurationFile = directory.map { $0 + "/ssh_config" }
        configuration.aliveInterval = .seconds(2)
        configuration.aliveCount = 2
        return configuration
    }

    /// Runs `Lab/lab` with these words; its output.
    @discardableResult
    static func lab(_ words: String...) async throws -> String {
        let result = try await attempt(words)
        try #require(result.succeeded, "lab \(words.joined(separator: " ")): \(result.errorText)")
        return result.outputText
    }

    /// The same where it may fail.
    static func attempt(_ words: [String], within limit: Duration = .seconds(120)) async throws -> CommandResult {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Lab/lab").standardizedFileURL
        let command = try shellQuoted([root.path] + words)
        let channel = try await LocalConnection().channel(to: .local)
        // The lab is told apart by the environment of this test.
        let settings = try ["FETTLE_LAB_DIR", "FETTLE_LAB_NAME"].compactMap { name in
            try ProcessInfo.processInfo.environment[name].map { "\(name)=\(try shellQuoted($0)) " }
        }.joined()
        return try await channel.run(RemoteCommand(script: settings + command, timeout: limit))
    }

    /// Runs a script as root in a host, without ssh.
    @discardableResult
    static func inside(_ script: String, on host: String = host) async throws -> String {
        try await lab("exec", host, "sh", "-c", script)
    }

    /// Offers exactly these suites beside the lab's first one, and puts packages back to what the layer had.
    static func prepare(_ packages: [String], offering suites: [String]) async throws {
        let sources = "/etc/apt/sources.list.d"
        try await inside(
            """
            rm -f \(sources)/lab-*.sources; rm -rf /var/cache/fettle /run/reboot-required /run/reboot-required.pkgs
            systemctl list-units --all --plain --no-legend 'fettle-*' | while read -r unit rest; do
                systemctl stop "$unit"; systemctl reset-failed "$unit"; done 2>/dev/null
            export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
            apt-get -qq -y --allow-downgrades -o Dpkg::Options::=--force-confold install \(packages.joined(separator: " ")) >/dev/null 2>&1
            exit 0
            """)
        for suite in suites { try await lab("offer", suite, host) }
    }

    static func version(of package: String, on host: String = host) async throws -> String {
        try await inside("dpkg-query -W -f='${db:Status-Abbrev}${Version}' \(package)", on: host)
    }
}

extension PackagesLab {
    /// What a user may do who is not root.
    enum Rules {
        static let user = "fettle"
        static let file = "/etc/sudoers.d/fettle"

        static func install(_ settings: PackageDriverSettings) async throws {
            let text = try SudoersFile(user: user, rules: BuiltInDrivers.sudoRules(packages: settings)).text()
            let encoded = Data(text.utf8).base64EncodedString()
            try await inside(
                """
                echo \(encoded) | base64 -d >\(file).new && chmod 440 \(file).new \
                    && visudo -cf \(file).new >/dev/null && mv \(file).new \(file)
                """)
        }
    }
}

/// Steps and contexts for one host.
enum LabStep {
    static func make(
        _ action: StepAction, on host: String = PackagesLab.host, id: String? = nil, timeoutSeconds: Int = 120,
        rollbackClass: RollbackClass = .exactVersions
    ) -> Step {
        Step(
            id: StepID(id ?? "\(host)/\(action.name)"), resource: ResourceID(host), wave: 0, action: action, after: [],
            availability: .none, rollbackClass: rollbackClass,
            estimate: DurationEstimate(medianSeconds: 10, p95Seconds: 60), timeoutSeconds: timeoutSeconds)
    }

    /// - Parameter plan: nil: one that has this step alone.
    static func context(
        _ step: Step, run: String = UUID().uuidString, prior: PriorState? = nil, user: String? = nil, plan: Plan? = nil
    ) -> StepContext {
        let now = Timestamp.now()
        let target = PlanTarget(
            resource: step.resource, address: .ssh(step.resource.rawValue, user: user), environment: "dev")
        let alone = Plan(
            id: "plan-1", title: "a test",
            selection: StageReference(id: "selection-1", digest: Digest(rawValue: String(repeating: "0", count: 64))),
            createdAt: now, environments: ["dev"], targets: [target], groups: [], steps: [step], rollback: [],
            limits: PlanLimits())
        return StepContext(run: RunID(run), plan: plan ?? alone, attempt: 1, intendedAt: now, prior: prior)
    }

    static func change(_ name: String, _ from: String?, _ to: String?, architecture: String = "all") -> PackageChange {
        PackageChange(name: name, architecture: architecture, from: from, to: to)
    }

    static func transaction(
        _ changes: [PackageChange], _ purpose: PackageTransaction.Purpose = .patch,
        conffiles: ConffilePolicy = .keepCurrent
    ) -> PackageTransaction {
        PackageTransaction(
            manager: .dpkg, purpose: purpose, changes: changes, conffiles: conffiles, downloadBytes: 1_000_000)
    }
}

extension StepReadiness {
    var prior: PriorState? { if case .ready(let prior) = self { prior } else { nil } }
    var isReady: Bool { if case .ready = self { true } else { false } }
    var isDone: Bool { if case .alreadyDone = self { true } else { false } }
    var blockedReason: String? { if case .blocked(let reason) = self { reason } else { nil } }
    var failure: StepFailure? { if case .unknown(let failure) = self { failure } else { nil } }
}
