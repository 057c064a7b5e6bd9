import FettleControl
import FettleMessaging
import FettleModel

/// Asks a stage's own suite, again until it has the request or time is over.
struct SuitePost {
    let session: Session
    let receiver: MessageReceiver

    private static let longestPauseSeconds = 30

    /// - Parameter seconds: in which it is tried to be reached.
    /// - Returns: its answer, nil if it answers later; and what masks its secrets.
    /// - Throws: `CommandFailure` where it was not reached, or answered with what counts for nothing: the request stays open then.
    func ask(_ request: PatchSetNote, seconds: Int) async throws -> (SuiteAnswer?, SecretMask) {
        var mask = session.secrets
        let reader = SecretReader(environment: session.environment, directory: session.directory)
        let found: (MessageReceiver, MessageDelivery.Credentials)
        do throws(SecretTrouble) {
            found = try reader.credentials(of: receiver, &mask)
        } catch {
            throw CommandFailure(
                .failure, "\(receiver.name): \(error.message)\n  `tests` of the stage in policy.yaml says where it is")
        }
        let delivery = MessageDelivery(version: FettleVersion.text)
        let end = ContinuousClock.now + .seconds(seconds)
        var pause = 1
        while true {
            let left = max(1, Int((end - .now).components.seconds))
            switch await delivery.ask(request, of: found.0, with: found.1, at: .now(), within: left) {
            case .answered(let answer): return (answer, mask)
            case .taken: return (nil, mask)
            case .worthless(let why):
                throw CommandFailure(
                    .failure,
                    "\(receiver.name) answered, and it counts for nothing: \(mask.masked(why))\n  nothing is signed off; "
                        + open(request))
            case .failed(let why, let mayPass, let asked):
                let next = ContinuousClock.now + .seconds(max(pause, asked ?? 0))
                guard mayPass, next < end else {
                    throw CommandFailure(
                        .failure,
                        "\(receiver.name) was not reached: \(mask.masked(why))\n  nothing is signed off; "
                            + open(request))
                }
                try await Task.sleep(until: next, clock: .continuous)
                pause = min(pause * 2, Self.longestPauseSeconds)
            }
        }
    }

    private func open(_ request: PatchSetNote) -> String {
        "\(request.id) stays open until \(request.request?.dueBy.description ?? "it is answered"): the same command "
            + "asks once more, under the same id"
    }
}
