import FettleDriverKit
import FettleJudgement
import FettleModel

/// Takes pulses of one host through its command channel: one round trip each.
struct PulseTaker: Sendable {
    static let timeout = Duration.seconds(60)

    let channels: any ChannelProvider

    /// - Parameters:
    ///   - at: seconds since the watch began.
    ///   - since: crashes after that, by the host's own clock, are told; nil: they are not asked for.
    /// - Returns: what could be read; with nothing but reasons where the host could not be asked.
    func pulse(of target: ProbeTarget, at: Double, since: Timestamp?) async -> Pulse {
        func nothing(_ reason: String) -> Pulse {
            Pulse(at: at, unknown: ["pulse": SafeText.lastLines(of: reason) ?? "no reason"])
        }
        let script: SectionedScript
        do { script = try PulseScript.make(since: since.map { $0.milliseconds / 1_000 }) } catch {
            return nothing(error.description)
        }
        let answer: Result<CommandResult, AccessError>? = await within(Self.timeout + .seconds(5)) {
            do throws(AccessError) {
                return .success(
                    try await channels.channel(to: target.address).run(
                        RemoteCommand(script: script.text, timeout: Self.timeout, outputLimit: script.outputLimit)))
            } catch {
                return .failure(error)
            }
        }
        switch answer {
        case .success(let result):
            let transcript = Transcript(
                standardOutput: result.standardOutput, standardError: result.standardError, nonce: script.nonce)
            return PulseParser(transcript: transcript).pulse(at: at)
        case .failure(let error): return nothing(error.description)
        case nil: return nothing("the way to the host was busy for too long")
        }
    }
}
