internal import FettleModel
internal import Foundation

/// What Patroni says of the whole cluster
/// ([GET /cluster](https://patroni.readthedocs.io/en/latest/rest_api.html#cluster-status-endpoints)).
struct PatroniView: Decodable, Sendable {
    var members: [Member]

    struct Member: Decodable, Sendable, Equatable {
        var name: String
        var role: String
        var state: String
        var timeline: Int?
        var lag: Lag?
        /// Where PostgreSQL takes connections.
        var host: String?
        /// Where Patroni does.
        var apiURL: String?
        var tags: Tags?

        private enum CodingKeys: String, CodingKey {
            case name, role, state, timeline, lag, host, tags
            case apiURL = "api_url"
        }

        /// For people.
        var words: String { SafeText.lastLines(of: name) ?? "a member" }
        var stateWords: String { SafeText.lastLines(of: state) ?? "in no state" }
        var leads: Bool { ["leader", "standby_leader", "master"].contains(role) }
        /// A replica that follows is `streaming` since version 3.1, `running` before.
        var runs: Bool { ["running", "streaming"].contains(state) }
        /// Has what the leader has told its clients to be safe, where Patroni is asked for that.
        var isSynchronous: Bool { ["sync_standby", "quorum_standby"].contains(role) }

        /// The hosts by which it is known.
        var hosts: Set<String> {
            Set([host, apiURL.flatMap { URLComponents(string: $0)?.host }].compactMap(\.self))
        }
    }

    /// Bytes, or `"unknown"`.
    struct Lag: Decodable, Sendable, Equatable {
        var bytes: Int64?

        init(from decoder: any Decoder) throws {
            bytes = try? decoder.singleValueContainer().decode(Int64.self)
        }
    }

    struct Tags: Decodable, Sendable, Equatable {
        /// People have said that it is never to lead.
        var nofailover: Bool?

        private enum CodingKeys: String, CodingKey { case nofailover }

        init(from decoder: any Decoder) throws {
            let fields = try? decoder.container(keyedBy: CodingKeys.self)
            nofailover = try? fields?.decode(Bool.self, forKey: .nofailover)
        }
    }

    /// nil: the answer is none of Patroni.
    init?(_ body: [UInt8]) {
        guard let view = try? JSONDecoder().decode(PatroniView.self, from: Data(body)) else { return nil }
        self = view
    }

    /// Only where exactly one does.
    var leader: Member? {
        let leaders = members.filter(\.leads)
        return leaders.count == 1 ? leaders[0] : nil
    }

    /// Why the member cannot lead now without anything being lost; nil: it can.
    func obstacle(for member: Member, maximumLag: Int64) -> String? {
        guard member.runs else { return "is \(member.stateWords)" }
        if member.tags?.nofailover == true { return "is told never to lead (nofailover)" }
        if members.contains(where: \.isSynchronous), !member.isSynchronous { return "is not synchronous" }
        guard let lag = member.lag?.bytes else { return "may be behind, and how far is not known" }
        guard lag <= maximumLag else { return "is \(lag) bytes behind, \(maximumLag) may be" }
        if let own = member.timeline, let other = leader?.timeline, own != other {
            return "is on timeline \(own), its leader on \(other)"
        }
        return nil
    }
}
