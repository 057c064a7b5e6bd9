import FettleDriverKit
import FettleModel

/// The beginning and the end of a host's boot.
extension HostSession {
    /// nil: the host answers, but with none.
    func bootID() async throws(StepFailure) -> String? {
        let result = try await run(
            RemoteCommand(
                script: "cat /proc/sys/kernel/random/boot_id", timeout: .seconds(10), outputLimit: 4_096))
        let text = result.outputText.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
        return result.succeeded && !text.isEmpty ? text : nil
    }

    /// Tells the host to end its boot. That the connection ends with it is no failure: what became of it is seen from outside.
    func order(_ command: RootCommand, called what: String) async throws(StepFailure) {
        let result: CommandResult
        do {
            result = try await tryRun(RemoteCommand(root: command, timeout: .seconds(30)))
        } catch {
            if error.nothingRan { throw StepFailure(error) }
            return
        }
        guard result.succeeded else {
            let words = SafeText.lastLines(of: result.errorText) ?? "it said nothing"
            let isForbidden = result.errorText.contains("inhibit")
            throw StepFailure(
                code: isForbidden ? .locked : .internal, message: "\(what) was refused: \(words)",
                output: HostText.tail(result))
        }
    }
}
