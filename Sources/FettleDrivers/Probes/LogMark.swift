internal import FettleDriverKit
internal import FettleModel

/// The place that a log had before an act, so that only what came after it is held against the act.
enum LogMark {
    /// What the machine hands on from acts to the steps that judge them begins with this.
    static let prefix = PriorState.markPrefix
    /// The place could not be found out.
    static let unknown = "unknown"

    /// Why the place could not be found out.
    struct Problem: Error {
        let reason: String
    }

    static func key(_ source: LogSource, on resource: ResourceID) -> String {
        switch source {
        case .unit(let name): "\(prefix)\(resource) unit \(name)"
        case .file(let path): "\(prefix)\(resource) file \(path)"
        }
    }

    /// For a unit the host's own time, so that its clock need not agree with the controller's; for a file its identity, its size
    /// and a checksum of the bytes before, so that a file that was cut and has grown again is not taken for the same.
    static func command(_ source: LogSource, timeout: Duration) -> RemoteCommand? {
        switch source {
        case .unit: return RemoteCommand(script: "exec date +%s.%N", timeout: timeout, outputLimit: 4_096)
        case .file(let path):
            guard LogScript.isPath(path), let quoted = try? shellQuoted(path) else { return nil }
            return RemoteCommand(
                script: """
                    file=\(quoted)
                    [ -e "$file" ] || { echo absent; exit; }
                    [ -f "$file" ] && [ -r "$file" ] || { echo "$file cannot be read" >&2; exit 1; }
                    \(LogScript.fingerprint)
                    now=$(stat -L -c '%d:%i %s' -- "$file") || exit 1
                    echo "$now $(fingerprint "$file" "${now##* }")"
                    """, timeout: timeout, outputLimit: 4_096)
        }
    }

    /// - Returns: nil for an answer that is no mark.
    static func read(_ result: CommandResult, of source: LogSource) -> String? {
        guard result.succeeded else { return nil }
        let text = result.outputText.split(separator: "\n").first.map(String.init) ?? ""
        switch source {
        case .unit: return LogScript.time(text) == nil ? nil : text
        case .file: return text == "absent" || LogScript.place(text) != nil ? text : nil
        }
    }
}
