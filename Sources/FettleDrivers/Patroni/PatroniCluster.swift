internal import FettleModel
internal import Foundation

/// A cluster that Patroni keeps, as a group's `cluster: {patroni: …}` probe names it, asked through any of its members.
struct PatroniCluster: Sendable {
    let group: GroupID
    let maximumLag: Int64
    private let url: String
    /// Those with a host.
    private let members: [ProbeTarget]

    /// nil: none of the probes names Patroni.
    init?(_ group: GroupID, probes: [Probe], members: [ProbeTarget]) {
        let urls = probes.lazy.compactMap { probe -> (String, Int64)? in
            guard case .cluster(.patroni(let url, _, let lag)) = probe.check else { return nil }
            return (url, lag)
        }
        guard let (url, lag) = urls.first else { return nil }
        self.group = group
        self.url = url
        self.members = members
        maximumLag = lag
    }

    private static let timeout: Duration = .seconds(5)
    /// Patroni answers when it has switched over, or has given up; its own limits are shorter.
    private static let switchoverTimeout: Duration = .seconds(120)

    // MARK: Asking

    /// - Parameter first: whom to ask before all others; nil: nobody in particular.
    /// - Throws: `unreachable` with what the last of them said, if none answers.
    func look(first: ResourceID? = nil) async throws(StepFailure) -> PatroniView {
        var words = "nobody of it has a host"
        for target in members.sorted(by: { ($0.resource == first ? 0 : 1) < ($1.resource == first ? 0 : 1) }) {
            if Task.isCancelled { break }
            switch await ask(target) {
            case .success(let view): return view
            case .failure(let refusal): words = "\(target.resource): \(refusal.reason)"
            }
        }
        throw StepFailure(code: .unreachable, message: "Patroni of \(group) does not answer: \(words)")
    }

    private struct Refusal: Error { var reason: String }

    private func ask(_ target: ProbeTarget) async -> Result<PatroniView, Refusal> {
        switch await PatroniView.asked(at: url, of: target.host, timeout: Self.timeout) {
        case .success(let body):
            guard let view = PatroniView(body), !view.members.isEmpty else {
                return .failure(Refusal(reason: "its answer is none of Patroni"))
            }
            return .success(view)
        case .failure(let refusal): return .failure(Refusal(reason: refusal.answer.reason))
        }
    }

    /// `POST /switchover` to the leader, by the system's curl. What lets one in, where Patroni asks for it (`restapi.authentication`), is in
    /// the user's own `~/.netrc`: Fettle sees none of it.
    ///
    /// - Returns: what it says; what has become of it another look tells.
    func switchOver(
        from leader: PatroniView.Member, to candidate: PatroniView.Member, at resource: ResourceID
    ) async throws(StepFailure) -> APIAnswer {
        let host = members.first { $0.resource == resource }?.host
        let request: HTTPRequest
        switch PatroniView.request("/switchover", at: url, of: host) {
        case .success(let made): request = made
        case .failure(let problem): throw StepFailure(code: .refused, message: problem.reason)
        }
        let names = ["leader": leader.name, "candidate": candidate.name]
        guard let body = try? JSONEncoder().encode(names), body.count <= 4_096 else {
            throw StepFailure(code: .refused, message: "Patroni's names of its members are no names")
        }
        let arguments = [
            "-q", "--silent", "--show-error", "--noproxy", "*", "--proto", "=http,https", "--http1.1", "--include",
            "--globoff", "--user-agent", "fettle", "--netrc-optional", "--connect-timeout", "10", "--max-time",
            Self.switchoverTimeout.inSeconds, "--request", "POST", "--header", "Content-Type: application/json",
            "--data-raw", String(decoding: body, as: UTF8.self), "--", request.url,
        ]
        let output: LocalProgram.Output
        do throws(SocketError) {
            output = try await LocalProgram.run(
                "curl", arguments, environment: EncryptedFetch.ownEnvironment, input: [], limit: 65_536,
                timeout: Self.switchoverTimeout + .seconds(5), until: { _ in false })
        } catch {
            throw StepFailure(code: .unreachable, message: "Patroni on \(resource): \(error.message)")
        }
        guard output.status == 0, let answer = APIAnswer(parsing: output.standardOutput) else {
            let said = SafeText.lastLines(of: FactText.decode(output.standardError))
            throw StepFailure(
                code: .unreachable, message: "Patroni on \(resource): \(said ?? "curl ends with \(output.status)")")
        }
        return answer
    }

    // MARK: Names

    /// As Patroni lists the resource: by its name, else by its host where no other is there; nil: it does not, or it cannot be told.
    func member(_ resource: ResourceID, in view: PatroniView) -> PatroniView.Member? {
        if let named = view.members.first(where: { $0.name == resource.rawValue }) { return named }
        guard let host = members.first(where: { $0.resource == resource })?.host else { return nil }
        let there = view.members.filter { $0.hosts.contains(host) }
        let isAlone = members.count { $0.host == host } == 1
        return there.count == 1 && isAlone ? there[0] : nil
    }

    /// The resource that leads; nil: nobody does, several do, or it is none of the group.
    func leader(in view: PatroniView) -> ResourceID? {
        guard let leader = view.leader else { return nil }
        return members.first { member($0.resource, in: view) == leader }?.resource
    }
}
