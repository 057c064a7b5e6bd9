import FettleModel

/// Pass 2: the roles of the hosts, from the strategies that do something else than to patch each member where it is.
enum RolePass {
    static func assign(
        _ hosts: [HostWork], _ input: PlanningInput, _ index: PlanningIndex, notes: inout PlanNotes
    ) -> [HostWork] {
        let special = index.groups.filter { $0.strategy?.givesRoles == true || $0.snapshot != nil }
        guard !special.isEmpty else { return hosts }
        var cast = RoleCast(hosts, input, index)
        for group in special {
            switch group.strategy {
            case .blueGreen(let active, _, let then): BlueGreen.cast(group, active: active, then, &cast, &notes)
            case .throughController(let controller, _): ThroughController.cast(group, controller, &cast, &notes)
            case .replace(let image, _, _, nil): ReplaceByImage.cast(group, image, &cast, &notes)
            case .replace(let image, _, _, let machines?):
                ReplaceByMachine.cast(group, image, machines, &cast, &notes)
            default: break
            }
            if let rules = group.snapshot { Snapshots.cast(group, rules, &cast, &notes) }
        }
        return cast.isEmpty ? hosts : cast.resolved(notes: &notes)
    }
}

extension Strategy {
    fileprivate var givesRoles: Bool {
        switch self {
        case .blueGreen, .throughController, .replace: true
        default: false
        }
    }
}

/// Who is to play which role, claim by claim; what contradicts itself is refused when all claims are known.
struct RoleCast {
    let input: PlanningInput
    let index: PlanningIndex
    private(set) var hosts: [ResourceID: HostWork]
    private var claims: [ResourceID: [(group: GroupID, claim: Claim)]] = [:]

    /// What a strategy wants of a member.
    enum Claim: Equatable {
        /// It gets no steps; the reason is for the report.
        case kept(because: String)
        case retired
        /// It stands on one of two sides.
        case sided
        case passenger(of: ResourceID)
        case replaced(ImageReplacement)
        case snapshotted(MachineSnapshot)

        var words: String {
            switch self {
            case .kept: "keep it as it is"
            case .retired: "retire it"
            case .sided: "turn traffic to and from its side"
            case .passenger(let controller): "have \(controller) take it through the patch"
            case .replaced(let replacement): "start it anew from image \(replacement.image)"
            case .snapshotted: "patch it behind a snapshot"
            }
        }
    }

    init(_ hosts: [HostWork], _ input: PlanningInput, _ index: PlanningIndex) {
        self.input = input
        self.index = index
        self.hosts = Dictionary(hosts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    var isEmpty: Bool { claims.isEmpty }

    func isTarget(_ member: ResourceID) -> Bool { hosts[member] != nil }

    mutating func claim(_ claim: Claim, for member: ResourceID, by group: GroupID) {
        claims[member, default: []].append((group, claim))
    }

    /// Adds a host for which the selection has nothing.
    mutating func add(_ resource: Resource, role: HostRole = .patched, like other: HostWork? = nil) {
        guard hosts[resource.id] == nil else { return }
        let rank = input.fleet.environments.firstIndex { $0.id == resource.environment } ?? 0
        let nothing = Resolution(
            manager: other?.resolution.manager ?? .dpkg, resolvedAt: input.createdAt, changes: [], downloadBytes: 0)
        hosts[resource.id] = HostWork(
            resource: resource, environmentRank: rank, groups: index.groups(of: resource.id), findings: [],
            resolution: nothing, changes: [], present: [], untouchedNames: [], rebootReasons: [],
            serves: index.served[resource.id] ?? [], role: role)
    }

    func resolved(notes: inout PlanNotes) -> [HostWork] {
        var result = hosts
        for (member, claims) in claims {
            guard let host = hosts[member] else { continue }
            guard let role = role(of: host, claims, notes: &notes) else {
                result[member] = nil
                continue
            }
            result[member] = host.playing(role)
        }
        ThroughController.addControllers(to: &result, self, notes: &notes)
        return result.values.sorted { $0.id < $1.id }
    }

    /// nil: it gets no steps.
    private func role(
        of host: HostWork, _ claims: [(group: GroupID, claim: Claim)], notes: inout PlanNotes
    ) -> HostRole? {
        let first = claims[0]
        for other in claims.dropFirst() where !Self.agree(first.claim, other.claim) {
            notes.refuse(
                .strategy, at: .resource(host.id),
                "\(host.id): group \(first.group) is to \(first.claim.words), group \(other.group) to "
                    + "\(other.claim.words); a member is changed in one way")
        }
        if let kept = claims.lazy.compactMap({ claim -> String? in
            if case .kept(let reason) = claim.claim { reason } else { nil }
        }).first {
            notes.leaveOut(host.id, because: kept)
            return nil
        }
        if claims.contains(where: { $0.claim == .retired }) { return .retired }
        for (group, claim) in claims {
            switch claim {
            case .passenger(let controller): return .passenger(of: controller, in: group)
            case .replaced(let replacement): return .replaced(replacement)
            case .snapshotted(let machine): return .snapshotted(machine)
            case .kept, .retired, .sided: break
            }
        }
        return .patched
    }

    /// A side's members may be replaced by an image as well as patched; two groups may share an image.
    private static func agree(_ one: Claim, _ other: Claim) -> Bool {
        switch (one, other) {
        case (.replaced(let left), .replaced(let right)): left == right
        case (.snapshotted(let left), .snapshotted(let right)): left == right
        case (.replaced, .sided), (.replaced, .kept), (.replaced, .retired): true
        case (.sided, .replaced), (.kept, .replaced), (.retired, .replaced): true
        case (.snapshotted, .sided), (.snapshotted, .kept), (.snapshotted, .retired): true
        case (.sided, .snapshotted), (.kept, .snapshotted), (.retired, .snapshotted): true
        default: false
        }
    }
}
