internal import FettleModel

/// Whether a strategy can work for the group that names it.
struct StrategyFit {
    let reading: Reading
    let resources: DeclaredResources
    let group: ResourceGroup
    /// Of the strategy.
    let place: Place

    private var size: Int { group.members.count }
    private var minimum: Int { group.minimum }

    /// What must stay available in a group that says nothing: all but one, which needs no explanation; of two sides of
    /// which one serves, as many as serve.
    static func defaultMinimum(of group: ResourceGroup, _ resources: DeclaredResources) -> Quantity {
        let size = group.members.count
        guard case .blueGreen(let active, _, _) = group.strategy else { return .count(max(0, size - 1)) }
        let serving = group.members.count { resources[$0.rawValue]?.failureDomain == active }
        return .count((1..<max(1, size)).contains(serving) ? serving : max(0, size - 1))
    }

    func judge() {
        guard size > 0, minimum <= size, let strategy = group.strategy else { return }
        switch strategy {
        case .allAtOnce: judgeAllAtOnce()
        case .rolling(let most, let surge): judgeSurge(most, surge, in: "rolling")
        case .canary(_, _, let most, _, _): judgeMost(most, "maxUnavailable")
        case .replicasFirst(let most):
            needKind(.cluster, "replicasFirst", "so that members have a leader to hand over from")
            judgeMost(most, "maxUnavailable")
        case .evacuate(let most):
            needKind(.hypervisorPool, "evacuate", "so that members have machines to move")
            if size < 2 {
                problem("evacuate needs at least two members", hint: "nobody else could carry what the one carries")
            }
            judgeMost(most, "maxUnavailable")
        case .oneSideAtATime: judgeSides()
        case .blueGreen(let active, _, let then): judgeBlueGreen(active, then)
        case .throughController(let controller, let atOnce):
            if group.members.contains(controller) {
                problem(
                    "\(controller.rawValue.quoted) cannot be a member of the group that it takes through an upgrade",
                    hint:
                        "name the controller as a resource of its own, such as the address of the cluster's management")
            }
            judgeMost(atOnce, "atOnce")
        case .replace(_, let most, let surge, let machines):
            if machines != nil { judgeMachines() }
            if machines == nil, group.kind == .cluster {
                warning(
                    "members of a cluster hold data: what is not in the image is lost when they are replaced",
                    hint: "replicasFirst patches them where they are")
            }
            judgeSurge(most, surge, in: "replace")
        }
    }

    private func judgeAllAtOnce() {
        guard minimum > 0 else { return }
        problem(
            "allAtOnce leaves none of \(size.counted("member")), but minimumAvailable is \(minimum)",
            hint: "set 'minimumAvailable: 0', or choose rolling")
    }

    /// What a machine has written is not in the machine that is made in its place.
    private func judgeMachines() {
        if group.kind != .pool && group.kind != .environmentPair {
            problem(
                "members of a \(group.kind.rawValue) hold what is lost when machines are made anew",
                hint: "replace with 'machines' is for pools of machines that keep nothing")
        }
        if group.probes.isEmpty {
            problem(
                "without probes nothing says that a machine which was made anew serves",
                hint: "such as 'probes: [{name: port, tcp: 80}]'")
        }
    }

    private func judgeSurge(_ most: Quantity, _ surge: Quantity?, in strategy: String) {
        let (wished, spares) = (surge?.asSurge(of: group.regularCount) ?? 0, group.spares?.count ?? 0)
        if wished > 0, spares == 0 {
            problem(
                "maxSurge is \(wished), but the group names no spares, so that nobody could serve in the place of who is out",
                hint: "name members beyond those that must serve, such as 'spares: [web-9]'")
        } else if wished == 0, spares > 0 {
            warning(
                "the group names \(spares.counted("spare")), but \(strategy) has no maxSurge: no more members may be out for them",
                hint: "such as 'maxSurge: \(spares)'")
        } else if wished > spares {
            warning("maxSurge is \(wished), but the group names only \(spares.counted("spare"))")
        }
        let together = most.asMaximum(of: group.regularCount) + min(wished, spares)
        guard spares > 0 else { return judgeMost(most, "maxUnavailable") }
        guard together > size - minimum, size > minimum else { return }
        warning(
            "maxUnavailable and maxSurge are \(together) of \(size), but minimumAvailable allows only \(size - minimum)"
        )
    }

    private func judgeMost(_ most: Quantity, _ name: String) {
        let (wished, allowed) = (most.asMaximum(of: size), size - minimum)
        guard wished > allowed, allowed > 0 else { return }
        warning("\(name) is \(wished) of \(size), but minimumAvailable allows only \(allowed)")
    }

    private func needKind(_ kind: ResourceGroup.Kind, _ strategy: String, _ reason: String) {
        guard group.kind != kind else { return }
        problem(
            "\(strategy) cannot work for a group of kind \(group.kind.rawValue)",
            hint: "write 'kind: \(kind.rawValue)', \(reason), or choose rolling")
    }

    // MARK: Sides

    /// Members by failure domain, and those that declare none.
    private func domains() -> (sides: [String: Int], without: [String]) {
        var sides: [String: Int] = [:]
        var without: [String] = []
        for member in group.members {
            if let domain = resources[member.rawValue]?.failureDomain {
                sides[domain, default: 0] += 1
            } else {
                without.append(member.rawValue)
            }
        }
        return (sides, without)
    }

    private func judgeSides() {
        let (sides, without) = domains()
        if sides.count + without.count < 2, size > 1 {
            problem(
                "oneSideAtATime needs members of at least two failure domains, but all are in \(Self.words(sides))",
                hint: "give the members of each side their 'failureDomain'")
        } else if !sides.isEmpty, let first = without.first {
            warning(
                "\(first.quoted) declares no failureDomain, and is a side of its own"
                    + (without.count > 1 ? ", as \(without.count - 1) others are" : ""))
        }
    }

    private func judgeBlueGreen(_ active: String, _ then: Strategy.OldSide) {
        let (sides, without) = domains()
        if let first = without.first {
            problem(
                "blueGreen needs to know the side of every member, but \(first.quoted) declares no failureDomain"
                    + (without.count > 1 ? ", as \(without.count - 1) others don't" : ""),
                hint: "the members' 'failureDomain' is their side")
        } else if sides.count != 2 {
            problem(
                "blueGreen needs members of exactly two failure domains, but they are of "
                    + (sides.isEmpty ? "none" : Self.words(sides)),
                hint: "the members' 'failureDomain' is their side")
        }
        if !sides.isEmpty, sides[active] == nil {
            problem(
                "'active' is \(active.quoted), but no member has that failureDomain",
                hint: Suggestion.hint(for: active, in: sides.keys.sorted(), otherwise: "one of"))
        }
        if group.traffic == nil {
            problem(
                "blueGreen needs 'traffic': without it nothing turns the traffic from one side to the other",
                hint: "such as 'traffic: {driver: haproxy, via: lb-1, endpoint: /run/haproxy/admin.sock, backend: web}'"
            )
        }
        if group.probes.isEmpty {
            problem(
                "blueGreen needs 'probes': without them nothing says that a side is well before all traffic goes there",
                hint: "such as 'probes: [{http: \"http://{host}/health\"}]'")
        }
        guard sides.count == 2, without.isEmpty, let serving = sides[active] else { return }
        let standby = size - serving
        if standby < serving {
            warning(
                "the standby has \(standby.counted("member")) and the side that serves \(serving): after the switch "
                    + "the smaller one carries all traffic")
        }
        if then == .retire, standby < minimum {
            problem(
                "'then: retire' leaves \(standby.counted("member")), but minimumAvailable is \(minimum)",
                hint: "lower minimumAvailable to \(standby), or choose 'then: keep'")
        }
    }

    private static func words(_ sides: [String: Int]) -> String {
        sides.keys.sorted().prefix(8).map(\.quoted).joined(separator: ", ") + (sides.count > 8 ? ", …" : "")
    }

    private func problem(_ message: String, hint: String?) { reading.problem(message, at: place, hint: hint) }
    private func warning(_ message: String, hint: String? = nil) { reading.warning(message, at: place, hint: hint) }
}
