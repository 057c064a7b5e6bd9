import FettleDriverKit
import FettleModel

/// Which start of each unit is the present one: systemd gives every start of a unit an invocation ID of its own (systemd.exec(5)). So
/// it can be told after a crash whether a unit was started anew or still has to be.
enum UnitStarts {
    /// - Parameter units: names that follow the grammar of units.
    /// - Returns: by name, the ID of the present start; empty for a unit that does not run.
    static func read(_ units: [String], _ session: HostSession) async throws(StepFailure) -> [String: String] {
        let names: String
        do { names = try shellQuoted(units) } catch {
            throw StepFailure(code: .refused, message: error.description)
        }
        let script = "systemctl --no-pager show --property=Id,Names,InvocationID -- \(names)"
        let result = try await session.run(RemoteCommand(script: script))
        return parse(result.outputText, units)
    }

    /// A unit can be asked for by another of its names.
    static func parse(_ text: String, _ units: [String]) -> [String: String] {
        var starts: [String: String] = [:]
        for paragraph in text.split(separator: "\n\n") {
            var names: Set<String> = []
            var start = ""
            for line in FactText.lines(String(paragraph)) {
                guard let equals = line.firstIndex(of: "=") else { continue }
                let value = line[line.index(after: equals)...]
                switch line[..<equals] {
                case "Id", "Names": names.formUnion(value.split(separator: " ").map(String.init))
                case "InvocationID": start = isStart(value) ? String(value) : ""
                default: break
                }
            }
            for unit in units where names.contains(unit) { starts[unit] = start }
        }
        return starts
    }

    /// As they are kept in the journal.
    static func words(_ starts: [String: String]) -> String {
        starts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    /// Of what `words` gave.
    static func read(words: String) -> [String: String] {
        var starts: [String: String] = [:]
        for word in words.split(separator: " ") {
            guard let equals = word.lastIndex(of: "=") else { continue }
            let (unit, start) = (String(word[..<equals]), word[word.index(after: equals)...])
            guard DebianNames.isServiceUnit(unit), start.isEmpty || isStart(start) else { continue }
            starts[unit] = String(start)
        }
        return starts
    }

    /// Those that are not known to have been started since `before`.
    static func notStarted(_ units: [String], since before: [String: String], now: [String: String]) -> [String] {
        units.filter { unit in
            guard let present = now[unit], !present.isEmpty else { return true }
            return present == before[unit]
        }
    }

    /// 128 bits in hexadecimal digits.
    private static func isStart(_ text: Substring) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
