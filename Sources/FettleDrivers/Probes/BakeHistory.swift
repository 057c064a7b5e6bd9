import FettleDriverKit
import FettleJudgement
import FettleModel
import Foundation

/// What a member was before it was patched: recorded by its preflight, kept in the journal, read by the bake that has nobody else
/// to compare it with.
enum BakeHistory {
    static let detailsKey = "series"
    /// Bytes of one member's record: more is none.
    static let limit = 512 * 1_024

    /// How long the step's resource has to be looked at before it is patched, and how; nil: nobody needs it.
    static func wanted(for step: Step, in plan: Plan) -> (seconds: Int, probes: [Probe], services: Set<String>)? {
        for other in plan.steps {
            guard case .bake(let seconds, let resources, let probes, let judgement?) = other.action,
                judgement.controls.isEmpty, resources.contains(step.resource)
            else { continue }
            return (BakeJudgement.secondsBefore(bake: seconds), probes, Set(judgement.services))
        }
        return nil
    }

    /// Looks at the resource for as long as its bake wants it; nil: nobody does.
    static func record(
        _ step: Step, in plan: Plan, runner: ProbeRunner, pulses: PulseTaker
    ) async throws(StepFailure) -> String? {
        guard let wanted = wanted(for: step, in: plan), let target = plan.probeTarget(step.resource) else { return nil }
        let watch = BakeWatch(
            patched: [], controls: [target], probes: wanted.probes, runner: runner, pulses: pulses, at: .none,
            in: plan)
        try await watch.round(.seconds(wanted.seconds))
        guard var series = watch.record.series(of: [step.resource]).first else { return nil }
        for place in series.pulses.indices {
            series.pulses[place].services?.removeAll { !wanted.services.contains($0.unit) }
            series.pulses[place].unknown = [:]
        }
        guard let data = try? JSONEncoder().encode(series), data.count <= limit else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    static func series(in observation: Observation?) -> MemberSeries? {
        guard let text = observation?.details[detailsKey], text.utf8.count <= limit else { return nil }
        return try? JSONDecoder().decode(MemberSeries.self, from: Data(text.utf8))
    }
}
