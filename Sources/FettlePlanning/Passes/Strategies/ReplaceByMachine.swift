import FettleModel

/// Members that are virtual machines are made anew from an image of the catalogue, each in the place of the one before it, which is
/// kept for a while.
enum ReplaceByMachine {
    // MARK: Roles

    static func cast(
        _ group: ResourceGroup, _ image: String, _ machines: ImageMachines, _ cast: inout RoleCast,
        _ notes: inout PlanNotes
    ) {
        let members = group.members.filter { cast.hosts[$0].map { !$0.changes.isEmpty } ?? false }.sorted()
        guard !members.isEmpty else { return }
        func refuse(_ message: String) {
            notes.refuse(.strategy, at: .group(group.id), "group \(group.id): \(message)")
        }
        if !group.kind.mayBeMadeAnew {
            refuse("members of a \(group.kind.rawValue) hold what is lost when machines are made anew; patch them")
        }
        let catalogue = ImageJudge(
            policy: cast.input.policy.promotion ?? .standard(for: cast.input.fleet), images: cast.input.images)
        var brought: [ImageID: Set<String>] = [:]
        for member in members {
            guard let host = cast.hosts[member] else { continue }
            switch version(of: image, for: host, catalogue) {
            case .failure(let why): refuse(why.words)
            case .success(let version):
                switch machine(member, group, machines, version, cast) {
                case .failure(let why): refuse(why.words)
                case .success(let replacement):
                    cast.claim(.replaced(replacement), for: member, by: group.id)
                    brought[version.id, default: []].formUnion(beyond(host, version))
                }
            }
        }
        for (id, names) in brought.sorted(by: { $0.key < $1.key }) where !names.isEmpty {
            notes.warn(
                "group \(group.id): \(id) brings more than the plan asks for: \(PlanTable.list(names.sorted()))")
        }
    }

    struct Refusal: Error {
        var words: String
        init(_ words: String) { self.words = words }
    }

    /// The version that the member's stage has, if that has everything that the member needs.
    private static func version(
        of image: String, for host: HostWork, _ catalogue: ImageJudge
    ) -> Result<ImageRecord, Refusal> {
        let environment = host.resource.environment
        guard let stage = catalogue.policy.stages.first(where: { $0.environments.contains(environment) }) else {
            return .failure(Refusal("no stage of the policy's 'promotion' has environment \(environment) in it"))
        }
        guard let record = catalogue.current(image, in: stage.id)?.record else {
            return .failure(
                Refusal(
                    "no version of image \(image) is promoted to \(stage.id): `fettle image patch`, `add` and "
                        + "`promote --to \(stage.id)` one"))
        }
        guard record.isBootTested else { return .failure(Refusal("\(record.id) has passed no boot test")) }
        let versions = versions(in: record, catalogue)
        let missing = host.changes.filter { change in
            change.to == nil || versions[change.name + ":" + change.architecture] != change.to
        }
        guard let first = missing.first else { return .success(record) }
        let known = versions[first.name + ":" + first.architecture] ?? "no other than before"
        let more = missing.count > 1 ? ", and \(missing.count - 1) more" : ""
        return .failure(
            Refusal(
                "\(host.id) needs \(first.name) \(first.to ?? "removed"), and \(record.id) has brought it \(known)\(more); "
                    + "patch an image anew, or select what it has"))
    }

    /// What patches have put into the image, by package and architecture, over all of its lineage: the last one counts.
    private static func versions(in record: ImageRecord, _ catalogue: ImageJudge) -> [String: String] {
        var versions: [String: String] = [:]
        var seen: Set<ImageID> = []
        var next: ImageRecord? = record
        while let image = next, seen.insert(image.id).inserted {
            for change in image.changes {
                let name = change.name + ":" + change.architecture
                if versions[name] == nil, let version = change.to { versions[name] = version }
            }
            next = image.parent.flatMap { parent in
                catalogue.images.first { $0.record.id == parent }?.record
            }
        }
        return versions
    }

    private static func beyond(_ host: HostWork, _ record: ImageRecord) -> [String] {
        let asked = Set(host.changes.map(\.name))
        return record.changes.map(\.name).filter { !asked.contains($0) }
    }

    /// The machine as its hypervisor's facts show it.
    private static func machine(
        _ member: ResourceID, _ group: ResourceGroup, _ machines: ImageMachines, _ record: ImageRecord, _ cast: RoleCast
    ) -> Result<ImageReplacement, Refusal> {
        if cast.hosts[member]?.isOwn == true {
            return .failure(
                Refusal("\(member) is Fettle's own host, and would end Fettle with it; patch it where it is"))
        }
        guard let home = cast.index.residency.homes[member],
            let resident = cast.index.residency.machines(on: home)?.residents.first(where: { $0.resource == member }),
            let uuid = resident.uuid, let disks = resident.writableDisks
        else {
            return .failure(
                Refusal("the facts do not show on which hypervisor \(member) runs; scan the hypervisors as well"))
        }
        if let refusal = state(of: member, cast) { return .failure(refusal) }
        guard disks == 1 else {
            return .failure(
                Refusal(
                    "\(member) has \(disks) disks that it writes to, and what it keeps on them would not be in the new "
                        + "machine: it is not replaced; patch it where it is"))
        }
        if let reason = resident.isKeptBecause {
            return .failure(Refusal("\(member) cannot be made anew: \(reason); patch it where it is"))
        }
        let bootsOutside = resident.bootsOutsideKernel ?? false
        if bootsOutside, record.kernel == nil || record.initrd == nil {
            return .failure(
                Refusal(
                    "\(member) boots a kernel from outside of its disk, and for \(record.id) none is known; add the image "
                        + "with `fettle image add --kernel FILE --initrd FILE`"))
        }
        guard let address = cast.index.address(of: home), address.transport != .none else {
            return .failure(Refusal("\(home), on which \(member) runs, cannot be reached"))
        }
        if cast.isTarget(home) {
            return .failure(
                Refusal("\(home), on which \(member) is made anew, is changed by the same plan; plan it by itself"))
        }
        var neighbours: [HypervisorAddress] = []
        for other in cast.index.neighbours(of: home) {
            guard let address = cast.index.address(of: other), address.transport != .none else {
                return .failure(
                    Refusal("\(member) could be moved to \(other), which cannot be reached: nobody would know of it"))
            }
            neighbours.append(HypervisorAddress(id: other, address: address))
        }
        let running = resident.image.flatMap { $0.name == record.name ? $0.version : nil }
        let machine = ReplacedMachine(
            driver: machines.driver, hypervisor: home, address: address, name: resident.name, uuid: uuid,
            images: machines.images, version: record.id.rawValue, digest: record.digest,
            kernel: bootsOutside ? record.kernel : nil, initrd: bootsOutside ? record.initrd : nil,
            neighbours: neighbours)
        return .success(
            ImageReplacement(
                image: record.name, from: "\(running ?? "as it is")", to: record.id.rawValue, machine: machine))
    }

    /// What else it is in the fleet may say that it keeps something.
    private static func state(of member: ResourceID, _ cast: RoleCast) -> Refusal? {
        if let other = cast.index.groups(of: member).first(where: { !$0.kind.mayBeMadeAnew }) {
            return Refusal(
                "\(member) is a member of \(other.id) as well, and members of a \(other.kind.rawValue) hold what is lost "
                    + "when machines are made anew; patch it where it is")
        }
        if let resident = cast.index.residency.machines(on: member)?.residents.first {
            return Refusal("\(member) is a hypervisor itself, on which \(resident.name) lies; patch it where it is")
        }
        return nil
    }

    // MARK: Steps

    /// All that were replaced are watched for as long as those before them are kept; then these go, one step for each.
    static func addKeeping(
        of group: GroupWork, _ places: [Int], _ layout: WaveLayout, _ priors: DurationPriors,
        _ steps: inout [GroupStep]
    ) {
        guard case .replace(_, _, _, let machines?) = group.strategy else { return }
        Keeping.addSteps(
            of: group, places, seconds: machines.keepSeconds, estimate: priors.retire, layout, priors, &steps
        ) { $0.replacedMachine.map { .discardKept(machine: $0) } }
    }
}

extension ResourceGroup.Kind {
    /// Whether members may be machines that keep nothing.
    var mayBeMadeAnew: Bool { self == .pool || self == .environmentPair }
}

extension PlanningIndex {
    /// Hypervisors to which a machine of this one can have been moved: those of its pools; where it is in none, all of its environment.
    /// Sorted.
    func neighbours(of hypervisor: ResourceID) -> [ResourceID] {
        let pools = groups(of: hypervisor).filter { $0.kind == .hypervisorPool || $0.isEvacuated }
        guard pools.isEmpty else {
            return Set(pools.flatMap(\.members)).subtracting([hypervisor]).sorted()
        }
        let environment = resource(hypervisor)?.environment
        return resources.filter {
            $0.kind == .hypervisor && $0.environment == environment && $0.id != hypervisor
        }.map(\.id).sorted()
    }
}

extension HostWork {
    /// nil: no machine is made anew for it.
    var replacedMachine: ReplacedMachine? {
        if case .replaced(let replacement) = role, !changes.isEmpty { replacement.machine } else { nil }
    }
}
