import FettleDriverKit
import FettleModel
import Foundation

/// Whether what runs beside those of a bake was well before anything was changed: asked by their preflights, kept in the journal,
/// read by the bake.
enum NeighbourHistory {
    static let detailsKey = "neighbours"
    /// Bytes of one record: more is none.
    static let limit = 64 * 1_024
    /// All are asked at once, and no longer than this: the patch waits for it.
    private static let patience = Duration.seconds(20)

    struct Key: Hashable {
        var resource: ResourceID
        var group: GroupID
        var probe: String

        init(_ neighbour: BakeNeighbour, _ probe: Probe) {
            resource = neighbour.resource
            group = neighbour.group
            self.probe = probe.name
        }

        fileprivate init(_ entry: Entry) {
            resource = entry.resource
            group = entry.group
            probe = entry.probe
        }
    }

    fileprivate struct Entry: Codable {
        var resource: ResourceID
        var group: GroupID
        var probe: String
        var verdict: GateVerdict
    }

    /// Asks the neighbours of the bake that watches the step's resource; nil: there are none.
    static func record(_ step: Step, in plan: Plan, runner: ProbeRunner) async -> String? {
        let asked = neighbours(of: step, in: plan).flatMap { neighbour in
            neighbour.probes.filter { !$0.isManual }.map { (neighbour, $0) }
        }.prefix(NeighbourWatch.mostQuestions)
        guard !asked.isEmpty else { return nil }
        let entries = await Array(asked).concurrentMap(limit: 32) { neighbour, probe in
            Entry(
                resource: neighbour.resource, group: neighbour.group, probe: probe.name,
                verdict: await within(patience) { await verdict(of: probe, neighbour, runner) } ?? .error)
        }
        guard let data = try? JSONEncoder().encode(entries), data.count <= limit else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    private static func neighbours(of step: Step, in plan: Plan) -> [BakeNeighbour] {
        for other in plan.steps {
            guard case .bake(_, let resources, _, let judgement?) = other.action, resources.contains(step.resource),
                let neighbours = judgement.neighbours
            else { continue }
            return neighbours
        }
        return []
    }

    /// As often in a row as a failure would need, three times at most; the first answer that is none counts.
    private static func verdict(of probe: Probe, _ neighbour: BakeNeighbour, _ runner: ProbeRunner) async -> GateVerdict
    {
        let watch = ProbeWatch(
            target: ProbeTarget(resource: neighbour.resource, address: neighbour.address), probe: probe, runner: runner,
            moment: ProbeMoment(traffic: neighbour.traffic.map { [$0] } ?? []))
        for number in 1...min(max(2, watch.samplesInRow), 3) {
            if number > 1 {
                do { try await Task.sleep(for: min(watch.interval, .seconds(3))) } catch { return .error }
            }
            let sample = await watch.sample()
            guard sample.verdict == .pass else { return sample.verdict }
        }
        return .pass
    }

    /// By the earliest observation that tells: those after it may have been made when another one was patched already.
    static func verdicts(in before: [ResourceID: Observation]) -> [Key: GateVerdict] {
        let order = before.sorted { ($0.value.observedAt, $0.key) < ($1.value.observedAt, $1.key) }
        guard let text = order.lazy.compactMap({ $0.value.details[detailsKey] }).first, text.utf8.count <= limit,
            let entries = try? JSONDecoder().decode([Entry].self, from: Data(text.utf8))
        else { return [:] }
        // Of two probes of one name the worse one counts.
        return Dictionary(entries.map { (Key($0), $0.verdict) }) { $0 == .pass ? $1 : $0 }
    }
}
