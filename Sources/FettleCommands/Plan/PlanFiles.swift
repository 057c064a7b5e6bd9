import ArgumentParser
import FettleControl
import FettleInventory
import FettleModel
import Foundation

/// Files to plan from, without a database and without any host.
struct PlanFiles: ParsableArguments {
    @Option(help: ArgumentHelp("The fleet instead of fleet.yaml; plans from files alone.", valueName: "file"))
    var inventory: String?
    @Option(help: ArgumentHelp("Facts, as `fettle export facts` writes them.", valueName: "file"))
    var facts: String?
    @Option(
        help: ArgumentHelp(
            "Findings, as `fettle export findings` writes them: what resolvers would answer is taken from the facts. "
                + "Or a selection.", valueName: "file"))
    var findings: String?
    @Option(
        help: ArgumentHelp(
            "A selection, with the answers of the hosts' own resolvers, as `fettle export selection` writes it.",
            valueName: "file"))
    var selection: String?
    @Option(help: ArgumentHelp("The policy instead of policy.yaml.", valueName: "file"))
    var policy: String?
    @Option(help: ArgumentHelp("The time to plan at, such as 2026-11-23T09:00:00Z; now otherwise.", valueName: "time"))
    var now: String?

    /// Everything that planning needs.
    struct Read {
        var fleet: Fleet
        var policy: Policy
        var facts: FactSet
        var basis: FilePlanner.Basis
        var now: Timestamp
    }

    var areUsed: Bool { [inventory, facts, findings, selection, policy, now].contains { $0 != nil } }

    func validate() throws {
        guard areUsed else { return }
        if facts == nil || (findings == nil && selection == nil) {
            throw ValidationError("to plan from files, give --facts and one of --findings and --selection")
        }
        if findings != nil, selection != nil {
            throw ValidationError("--findings and --selection are two ways to say what is wanted: give one")
        }
        _ = try time()
    }

    private func time() throws -> Timestamp {
        guard let now else { return .now() }
        guard let time = Timestamp(now) else {
            throw ValidationError("--now takes a time in UTC such as 2026-11-23T09:00:00Z, not \(now.printable)")
        }
        return time
    }

    /// Everything that is wrong with any of them is told, not only with the first.
    func read(directory: String?) throws -> Read {
        let folder = directory ?? ProcessInfo.processInfo.environment["FETTLE_DIR"] ?? "."
        let now = try time()
        var problems: [String] = []
        func attempt<Value>(_ read: () throws -> Value) -> Value? {
            do { return try read() } catch {
                problems.append(FettleCommand.words(for: error))
                return nil
            }
        }
        let fleet = attempt { try self.fleet(in: folder) }
        let policy = attempt { try self.policy(in: folder, fleet: fleet, now: now) }
        let facts = attempt { try StageFile.facts(from: self.facts ?? "") }
        let basis = attempt { try self.basis() }
        guard let fleet, let policy, let facts, let basis else {
            throw CommandFailure(.usage, problems.joined(separator: "\n"))
        }
        if case .findings(let findings) = basis, findings.facts.id != facts.id {
            Output.note("the findings were made from \(findings.facts.id), and these facts are \(facts.id)")
        }
        if case .findings = basis {
            Output.note(
                "no host was asked: what changes is what the facts say is on offer; the run asks each host before it patches"
            )
        }
        return Read(fleet: fleet, policy: policy, facts: facts, basis: basis, now: now)
    }

    private func fleetPath(in folder: String) -> String { inventory ?? "\(folder)/fleet.yaml" }

    private func fleet(in folder: String) throws -> Fleet {
        let reading = try FleetFile.read(path: fleetPath(in: folder))
        for warning in reading.warnings { Output.note(warning.description) }
        return reading.fleet
    }

    private func policy(in folder: String, fleet: Fleet?, now: Timestamp) throws -> Policy {
        let path = policy ?? "\(folder)/policy.yaml"
        guard policy != nil || FileManager.default.fileExists(atPath: path) else { return Policy() }
        let names = fleet == nil ? FleetNames.read(path: fleetPath(in: folder)) : nil
        let reading = try PolicyFile.read(path: path, fleet: fleet, names: names, now: now)
        for warning in reading.warnings { Output.note(warning.description) }
        return reading.policy
    }

    /// Which of the two a file is, it says itself: only a selection has been selected.
    private func basis() throws -> FilePlanner.Basis {
        if let selection { return .selection(try StageFile.selection(from: selection)) }
        let path = findings ?? ""
        let data = try StageFile.bytes(of: path, as: .findings)
        if StageDecoding.isSelection(data) {
            return .selection(try StageFile.decode(data, of: path, as: .selection, StageDecoding.selection))
        }
        return .findings(try StageFile.decode(data, of: path, as: .findings, StageDecoding.findings))
    }
}
