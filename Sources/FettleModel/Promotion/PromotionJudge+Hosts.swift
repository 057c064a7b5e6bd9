/// What hosts show after runs with a set, beyond the runs' own word.
extension PromotionJudge {
    /// A version that is installed is no proof: the weakness has to be gone by a judgement that came after.
    func closed(in stage: StageID, _ good: [PatchSetTrial]) -> Criterion {
        func criterion(_ isMet: Bool, _ state: String) -> Criterion {
            Criterion(stage: stage, name: .closed, isMet: isMet, state: state)
        }
        let looks = good.compactMap(\.closing)
        guard let first = looks.first, good.contains(where: { !$0.succeeded.isEmpty }) else {
            return criterion(false, "no host has it")
        }
        guard !first.advisories.isEmpty else {
            return criterion(true, "it was made for no weakness that feeds told of")
        }
        let open = looks.flatMap(\.open)
        if let one = open.first {
            let more = open.count > 1 ? ", and \(open.count - 1) more" : ""
            return criterion(false, "\(one.advisory) on \(one.resource): \(one.state)\(more)")
        }
        let unseen = Set(looks.flatMap(\.unseen)).sorted()
        guard unseen.isEmpty else {
            let names = unseen.prefix(3).map(\.rawValue).joined(separator: ", ") + (unseen.count > 3 ? ", …" : "")
            return criterion(
                false,
                "\(unseen.count == 1 ? "one host was" : "\(unseen.count) hosts were") not judged with feeds "
                    + "since the run: \(names) (`fettle scan`)")
        }
        let hosts = Set(good.flatMap(\.succeeded)).count
        return criterion(
            true, "\(first.advisories.count) weaknesses are gone from \(hosts == 1 ? "one host" : "\(hosts) hosts")")
    }

    /// What a set breaks is often not what it patches: a service that no earlier stage has was tried beside it by nobody.
    func beside(in stage: StageID, _ brought: [PlatformVersions]) -> Criterion {
        var shown: [String: Set<String>] = [:]
        for part in trials.filter({ $0.stage == stage && $0.hasSucceeded }).flatMap(\.tried) {
            shown[part.platform, default: []].formUnion(part.services ?? [])
        }
        var missing: [String] = []
        for part in brought {
            guard let services = part.services else {
                missing.append("what runs on \(part.platform) is not known (`fettle scan`)")
                continue
            }
            missing += services.filter { shown[part.platform]?.contains($0) != true }
                .map { "\($0) on \(part.platform)" }
        }
        let more = missing.count > 5 ? ", and \(missing.count - 5) more" : ""
        return Criterion(
            stage: stage, name: .beside, isMet: missing.isEmpty,
            state: missing.isEmpty
                ? "every service that runs where it goes"
                : "not seen running beside it: " + missing.prefix(5).joined(separator: ", ") + more)
    }
}
