import FettleModel

/// Members are started anew from an image that was patched and tested before anything is replaced.
enum ReplaceByImage {
    static func cast(
        _ group: ResourceGroup, _ image: String, _ cast: inout RoleCast, _ notes: inout PlanNotes
    ) {
        let members = group.members.filter { cast.hosts[$0].map { !$0.changes.isEmpty } ?? false }.sorted()
        guard !members.isEmpty else { return }
        func refuse(_ message: String) {
            notes.refuse(.strategy, at: .group(group.id), "group \(group.id): \(message)")
        }
        for member in members {
            guard let running = cast.index.facts(of: member)?.image, case .observed(let version) = running,
                version.name == image
            else {
                refuse(
                    "the facts do not show \(member) running from image \(image), so that no way back could be named")
                continue
            }
            if cast.hosts[member]?.isOwn == true {
                refuse("\(member) is Fettle's own host, and would end Fettle with it; patch it where it is")
            }
            cast.claim(
                .replaced(
                    ImageReplacement(image: image, from: version.version, to: Self.version(madeBy: cast.input.id))),
                for: member, by: group.id)
        }
    }

    /// The version is called after the plan that makes it: nothing else is known to be new.
    private static func version(madeBy plan: PlanID) -> String { plan.rawValue }

    /// One build for all that are replaced by an image, before any of them is taken out.
    static func builds(
        _ layout: WaveLayout, _ groups: [GroupWork], policy: Policy, _ priors: DurationPriors, notes: inout PlanNotes
    ) -> [GroupStep] {
        var places: [String: [Int]] = [:]
        for (place, host) in layout.hosts.enumerated() {
            if case .replaced(let replacement) = host.role, replacement.machine == nil {
                places[replacement.image, default: []].append(place)
            }
        }
        return places.sorted { $0.key < $1.key }.compactMap { image, places in
            let using = groups.filter { group in
                if case .replace(image, _, _, nil) = group.strategy { true } else { false }
            }
            guard let first = using.first, let place = places.first,
                case .replaced(let replacement) = layout.hosts[place].role
            else { return nil }
            let hosts = places.map { layout.hosts[$0] }
            refuseDifferences(hosts, image: image, group: first.group.id, notes: &notes)
            let probes = using.flatMap(\.group.probes).reduce(into: [Probe]()) { all, probe in
                if !all.contains(probe) { all.append(probe) }
            }
            if probes.isEmpty {
                notes.warn("image \(image): no probes of its groups test it before members are replaced by it")
            }
            let patch = PackageTransaction(
                manager: hosts[0].resolution.manager, purpose: .patch, changes: hosts[0].changes,
                conffiles: policy.conffiles, downloadBytes: hosts[0].resolution.downloadBytes)
            let build = ImageBuild(
                image: image, version: replacement.to, from: replacement.from, transaction: patch, probes: probes)
            return GroupStep(
                group: first.group.id, name: "build", action: .buildImage(build: build),
                estimate: priors.buildImage(patch, probes), host: place, holds: places)
        }
    }

    /// What is made once must be right for all.
    private static func refuseDifferences(
        _ hosts: [HostWork], image: String, group: GroupID, notes: inout PlanNotes
    ) {
        for host in hosts.dropFirst() {
            let difference =
                host.role != hosts[0].role
                ? "run from different versions of it"
                : host.changes != hosts[0].changes || host.resolution.manager != hosts[0].resolution.manager
                    ? "need different changes" : nil
            guard let difference else { continue }
            return notes.refuse(
                .strategy, at: .group(group),
                "image \(image): \(hosts[0].id) and \(host.id) \(difference); it is built once for all; choose "
                    + "rolling, or bring them to one version first")
        }
    }
}
