internal import FettleModel
internal import Foundation

/// What Patroni says of the whole cluster
/// ([GET /cluster](https://patroni.readthedocs.io/en/latest/rest_api.html#cluster-status-endpoints)).
struct PatroniView: Decodable, Sendable {
    var members: [Member]
    /// In maintenance: Patroni starts nothing and elects nobody.
    var pause: Bool?
    var scheduledSwitchover: ScheduledSwitchover?

    struct ScheduledSwitchover: Decodable, Sendable, Equatable { var at: String? }

    private enum CodingKeys: String, CodingKey {
        case members, pause
        case scheduledSwitchover = "scheduled_switchover"
    }

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
        /// A replica that follows is `streaming` since version 3.1, `running` before. What leads a standby cluster reads archives.
        var runs: Bool {
            ["running", "streaming"].contains(state) || (role == "standby_leader" && state == "in archive recovery")
        }
        var isToldNeverToLead: Bool { tags?.isNeverToLead ?? false }
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
        /// People have said so: by `nofailover`, or where that is not there by a `failover_priority` of 0, each read as Patroni does.
        var isNeverToLead: Bool

        private enum CodingKeys: String, CodingKey {
            case nofailover
            case priority = "failover_priority"
        }

        init(from decoder: any Decoder) throws {
            guard let fields = try? decoder.container(keyedBy: CodingKeys.self) else {
                isNeverToLead = false
                return
            }
            if fields.contains(.nofailover), (try? fields.decodeNil(forKey: .nofailover)) != true {
                isNeverToLead = Self.isTrue(fields)
            } else {
                isNeverToLead = ((try? fields.decode(Int.self, forKey: .priority)) ?? 1) <= 0
            }
        }

        /// As Python takes a value for true.
        private static func isTrue(_ fields: KeyedDecodingContainer<CodingKeys>) -> Bool {
            if let flag = try? fields.decode(Bool.self, forKey: .nofailover) { return flag }
            if let number = try? fields.decode(Double.self, forKey: .nofailover) { return number != 0 }
            return (try? fields.decode(String.self, forKey: .nofailover)) != ""
        }
    }

    /// nil: the answer is none of Patroni.
    init?(_ body: [UInt8]) {
        guard let view = try? JSONDecoder().decode(PatroniView.self, from: Data(body)) else { return nil }
        self = view
    }

    /// - Parameters:
    ///   - url: where Patroni is, as a probe names it.
    ///   - host: whom it is asked of.
    static func request(
        _ path: String, at url: String, of host: String?
    ) -> Result<HTTPRequest, HTTPRequest.Problem> {
        HTTPRequest.make((url.hasSuffix("/") ? String(url.dropLast()) : url) + path, host: host)
    }

    /// What it answers, whatever that is; or what the lack of an answer means for a probe.
    static func asked(
        at url: String, of host: String?, timeout: Duration
    ) async -> Result<[UInt8], HTTPExchange.Refusal> {
        switch request("/cluster", at: url, of: host) {
        case .failure(let problem): return .failure(HTTPExchange.Refusal(answer: .error(problem.reason)))
        case .success(let request):
            return await HTTPExchange.get(request, timeout: timeout).flatMap { response in
                guard response.status == 200 else {
                    return .failure(HTTPExchange.Refusal(answer: .error("status \(response.status)")))
                }
                return .success(response.body)
            }
        }
    }

    /// Only where exactly one does.
    var leader: Member? {
        let leaders = members.filter(\.leads)
        return leaders.count == 1 ? leaders[0] : nil
    }

    /// Why Patroni is not to be asked for a switchover; nil: it can be.
    var hindrance: String? {
        if pause == true { return "Patroni is paused, and would start nothing again (`patronictl resume`)" }
        if scheduledSwitchover != nil { return "a switchover is scheduled already (`patronictl flush`)" }
        return nil
    }

    /// Why the member cannot lead now without anything being lost; nil: it can.
    func obstacle(for member: Member, maximumLag: Int64) -> String? {
        guard member.runs else { return "is \(member.stateWords)" }
        // Where Patroni tells the two apart, one that only runs is connected to nobody.
        if members.contains(where: { $0.state == "streaming" }), member.state != "streaming" {
            return "does not stream"
        }
        if member.isToldNeverToLead { return "is told never to lead (nofailover)" }
        if members.contains(where: \.isSynchronous), !member.isSynchronous { return "is not synchronous" }
        guard let lag = member.lag?.bytes else { return "may be behind, and how far is not known" }
        guard lag <= maximumLag else { return "is \(lag) bytes behind, \(maximumLag) may be" }
        if let own = member.timeline, let other = leader?.timeline, own != other {
            return "is on timeline \(own), its leader on \(other)"
        }
        return nil
    }
}
