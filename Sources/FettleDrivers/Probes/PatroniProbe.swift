internal import FettleModel
internal import Foundation

/// What Patroni says of the whole cluster
/// ([GET /cluster](https://patroni.readthedocs.io/en/latest/rest_api.html#cluster-status-endpoints)).
struct PatroniProbe: Sendable {
    let url: String
    /// A member that is gone is not listed any more: so many there must be.
    let members: Int
    let maximumLag: Int64

    func ask(_ target: ProbeTarget, timeout: Duration) async -> ProbeAnswer {
        let request: HTTPRequest
        switch HTTPRequest.make((url.hasSuffix("/") ? String(url.dropLast()) : url) + "/cluster", host: target.host) {
        case .success(let made): request = made
        case .failure(let problem): return .error(problem.reason)
        }
        switch await HTTPExchange.get(request, timeout: timeout) {
        case .success(let response):
            guard response.status == 200 else { return .error("status \(response.status)") }
            return judge(response.body)
        case .failure(let refusal): return refusal.answer
        }
    }

    func judge(_ body: [UInt8]) -> ProbeAnswer {
        guard let cluster = try? JSONDecoder().decode(Cluster.self, from: Data(body)) else {
            return .error("its answer is none of Patroni")
        }
        let listed = cluster.members
        guard listed.count >= members else { return .fail("\(listed.count) of \(members) members are there") }
        // A replica that follows is `streaming` since version 3.1, `running` before.
        if let ill = listed.first(where: { !["running", "streaming"].contains($0.state) }) {
            return .fail("\(ill.words) is \(SafeText.lastLines(of: ill.state) ?? "in no state")")
        }
        let leaders = listed.filter { ["leader", "standby_leader", "master"].contains($0.role) }
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

    private struct Cluster: Decodable {
        var members: [Member]
    }

    private struct Member: Decodable {
        var name: String
        var role: String
        var state: String
        var timeline: Int?
        var lag: Lag?

        var words: String { SafeText.lastLines(of: name) ?? "a member" }
    }

    /// Bytes, or `"unknown"`.
    private struct Lag: Decodable {
        var bytes: Int64?

        init(from decoder: any Decoder) throws {
            bytes = try? decoder.singleValueContainer().decode(Int64.self)
        }
    }
}
