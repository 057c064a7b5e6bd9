internal import FettleModel

/// Whether Patroni finds its whole cluster well.
struct PatroniProbe: Sendable {
    let url: String
    /// A member that is gone is not listed any more: so many there must be.
    let members: Int
    let maximumLag: Int64

    func ask(_ target: ProbeTarget, timeout: Duration) async -> ProbeAnswer {
        switch await PatroniView.asked(at: url, of: target.host, timeout: timeout) {
        case .success(let body): judge(body)
        case .failure(let refusal): refusal.answer
        }
    }

    func judge(_ body: [UInt8]) -> ProbeAnswer {
        guard let view = PatroniView(body) else { return .error("its answer is none of Patroni") }
        if view.pause == true { return .fail("Patroni is paused, and would start nothing again") }
        let listed = view.members
        guard listed.count >= members else { return .fail("\(listed.count) of \(members) members are there") }
        if let ill = listed.first(where: { !$0.runs }) { return .fail("\(ill.words) is \(ill.stateWords)") }
        let leaders = listed.filter(\.leads)
        guard leaders.count == 1, let leader = leaders.first else {
            return .fail(leaders.isEmpty ? "no member leads" : "\(leaders.count) members lead")
        }
        for member in listed where member.name != leader.name {
            guard let lag = member.lag?.bytes else {
                return .inconclusive("how far \(member.words) is behind is not known")
            }
            guard lag <= maximumLag else {
                return .fail("\(member.words) is \(lag) bytes behind, \(maximumLag) may be")
            }
            if let own = leader.timeline, let other = member.timeline, own != other {
                return .fail("\(member.words) is on timeline \(other), its leader on \(own)")
            }
        }
        return .pass("\(listed.count) members run, \(leader.words) leads")
    }
}
