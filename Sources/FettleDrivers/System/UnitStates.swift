import FettleDriverKit
import FettleModel

/// What systemd says of units at this moment.
enum UnitStates {
    enum State: Sendable, Equatable {
        case up
        /// Starting, stopping, or waiting to be restarted.
        case changing
        case failed
    }

    /// - Parameter units: names that follow the grammar of units.
    static func read(_ units: [String], _ session: HostSession) async throws(StepFailure) -> [String: State] {
        let names: String
        do { names = try shellQuoted(units) } catch {
            throw StepFailure(code: .refused, message: error.description)
        }
        let script = "systemctl --no-pager show --property=Id,ActiveState,SubState,Result -- \(names)"
        let result = try await session.run(RemoteCommand(script: script))
        return parse(result.outputText)
    }

    static func parse(_ text: String) -> [String: State] {
        var states: [String: State] = [:]
        for paragraph in text.split(separator: "\n\n") {
            var fields: [Substring: Substring] = [:]
            for line in FactText.lines(String(paragraph)) {
                guard let equals = line.firstIndex(of: "=") else { continue }
                fields[line[..<equals]] = line[line.index(after: equals)...]
            }
            guard let id = fields["Id"] else { continue }
            states[String(id)] =
                switch fields["ActiveState"] {
                case "active": .up
                case "failed": .failed
                // A service of one job has ended by itself.
                case "inactive": fields["Result"] == "success" ? .up : .failed
                default: .changing
                }
        }
        return states
    }
}
