import FettleControl
import FettleInventory
import FettleModel
import Foundation

/// The folder with fleet.yaml and policy.yaml, as far as files alone tell: it opens no store and creates nothing. Files are read when
/// they are first asked for.
final class FleetFolder {
    let directory: URL
    /// Told of each warning.
    private let warn: (InventoryProblem) -> Void

    init(_ options: GlobalOptions, warn: @escaping (InventoryProblem) -> Void = { Output.note($0.description) }) {
        directory = Self.directory(options)
        self.warn = warn
    }

    static func directory(_ options: GlobalOptions) -> URL { directory(named: options.directory) }

    /// - Parameter name: of `--dir`; without it `FETTLE_DIR` names the folder, or else it is the one that one is in.
    static func directory(named name: String?) -> URL {
        URL(
            fileURLWithPath: name ?? ProcessInfo.processInfo.environment["FETTLE_DIR"]
                ?? FileManager.default.currentDirectoryPath)
    }

    var fleetPath: String { directory.appendingPathComponent("fleet.yaml").path }
    var policyPath: String { directory.appendingPathComponent("policy.yaml").path }

    /// The declared fleet. Where it is wrong, what is wrong with the policy is told as well: nobody should mend one file only to hear
    /// of the other.
    private(set) lazy var fleetReading: Result<Fleet, any Error> = readFleet().flatMapError { error in
        guard case .failure(let other) = readPolicy(nil) else { return .failure(error) }
        if let errors = error as? InventoryErrors, let others = other as? InventoryErrors {
            return .failure(InventoryErrors(errors, others))
        }
        return .failure(
            CommandFailure(
                .usage, "\(FettleCommand.words(for: error))\n\(FettleCommand.words(for: other))"))
    }

    private func readFleet() -> Result<Fleet, any Error> {
        Result {
            guard FileManager.default.fileExists(atPath: fleetPath) else {
                throw CommandFailure(
                    .usage,
                    "there is no fleet.yaml in \(directory.path)\n  `fettle init` writes a commented one to start from; "
                        + "`--dir DIR` or FETTLE_DIR names another folder")
            }
            let reading = try FleetFile.read(path: fleetPath)
            for warning in reading.warnings { warn(warning) }
            return reading.fleet
        }
    }

    var fleet: Fleet { get throws { try fleetReading.get() } }

    /// As `fleet`; nil where there is no fleet.yaml. One that cannot be read is not taken for none.
    var fleetIfAny: Fleet? {
        get throws { FileManager.default.fileExists(atPath: fleetPath) ? try fleet : nil }
    }

    /// The policy; its defaults where there is no policy.yaml.
    private(set) lazy var policyReading: Result<PolicyReading, any Error> = {
        // A fleet file with mistakes is told where the fleet is asked for, or here if the policy has some too.
        let reading = readPolicy(try? fleetReading.get())
        guard case .success(let policy) = reading else {
            if case .failure(let both) = fleetReading { return .failure(both) }
            return reading
        }
        for warning in policy.warnings { warn(warning) }
        return reading
    }()

    /// - Parameter fleet: nil: not to be used; the names that its file declares are known all the same.
    private func readPolicy(_ fleet: Fleet?) -> Result<PolicyReading, any Error> {
        Result {
            guard FileManager.default.fileExists(atPath: policyPath) else {
                return PolicyReading(policy: Policy(), warnings: [])
            }
            let names = fleet == nil ? FleetNames.read(path: fleetPath) : nil
            return try PolicyFile.read(path: policyPath, fleet: fleet, names: names, now: .now())
        }
    }

    var policy: Policy { get throws { try policyReading.get().policy } }

    /// Windows and freezes as the files say them at the moment of asking. The fleet is only read where there are any.
    var calendar: RunCalendar {
        let (policyPath, fleetPath) = (policyPath, fleetPath)
        return RunCalendar {
            let nobody = Fleet(environments: [], resources: [], groups: [])
            guard FileManager.default.fileExists(atPath: policyPath) else { return (Policy(), nobody) }
            let policy = try PolicyFile.read(path: policyPath, fleet: nil).policy
            let bindsNobody = policy.windows.isEmpty && policy.freezes.isEmpty && policy.withoutWindow == .anyTime
            if bindsNobody { return (policy, nobody) }
            return (policy, try FleetFile.read(path: fleetPath).fleet)
        }
    }
}

extension [InventoryProblem] {
    /// Somebody's secret may stand in a file, and then in what is wrong with it.
    func masked(by secrets: SecretMask) -> [InventoryProblem] {
        map { problem in
            InventoryProblem(
                file: problem.file, line: problem.line, column: problem.column,
                message: secrets.maskedLightly(problem.message), hint: problem.hint.map(secrets.maskedLightly))
        }
    }
}
