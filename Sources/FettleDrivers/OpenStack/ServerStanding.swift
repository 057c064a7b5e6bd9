import FettleModel

/// Where a server stands on its way from one host to another, by what Nova tells of it: its host, its state, and what is being done with
/// it. That a request for a move was taken says nothing: what is looked at before it is looked at behind the answer, and a server that could
/// not be moved is active where it was.
enum ServerStanding: Sendable, Equatable {
    /// Runs where it came from.
    case here
    /// Runs at the destination.
    case moved
    /// It is being moved; nil: Nova does not say by which migration.
    case underWay(NovaRecord.Migration?)
    /// Shut off where it came from.
    case off
    /// Shut off at the destination.
    case offThere
    /// Nova holds it for active, and has not seen it run when it last looked.
    case unclear
    case trouble(StepFailure)

    /// States in which it takes no memory, and can be started from its disk.
    private static let resting: Set = ["stopped", "suspended", "shelved", "soft-delete"]

    /// - Parameters:
    ///   - name: as the plan names the server.
    ///   - source: Nova's name of the host that it comes from.
    ///   - destination: of the one that it goes to.
    init(_ name: String, from source: String, to destination: String, _ view: NovaView) {
        guard let server = view.server(named: name) else {
            self = .trouble(Self.drift("Nova knows no server \(name): it is gone, or has another name now"))
            return
        }
        guard let host = server.host else {
            self = .trouble(Self.drift("\(name) is on no host (\(Self.word(server.vmState)))"))
            return
        }
        guard host == source || host == destination else {
            self = .trouble(Self.drift("\(name) is on \(host): somebody else has moved it"))
            return
        }
        guard view.services.first(where: { $0.host == host })?.isUp == true else {
            self = .trouble(
                StepFailure(code: .unreachable, message: "the compute service of \(host), which has \(name), is down"))
            return
        }
        self = Self.standing(server, name, isThere: host == destination, ends: [source, destination])
    }

    private static func standing(
        _ server: NovaView.Server, _ name: String, isThere: Bool, ends: Set<String>
    ) -> ServerStanding {
        if server.isMoving {
            if let other = server.migrations.compactMap(\.destination).first(where: { !ends.contains($0) }) {
                return .trouble(drift("\(name) is being moved to \(word(other)) by somebody else"))
            }
            return .underWay(server.migrations.first)
        }
        if server.vmState == "error" {
            return .trouble(
                StepFailure(
                    code: .inconclusive,
                    message: "Nova's state of \(name) on \(server.host ?? "no host") is ERROR: a person has to look "
                        + "(`openstack server show`)"))
        }
        if let task = server.taskState {
            return .trouble(
                StepFailure(code: .locked, message: "\(name): something else is being done with it (\(word(task)))"))
        }
        if resting.contains(server.vmState) { return isThere ? .offThere : .off }
        guard server.vmState == "active" else {
            // What people paused is theirs.
            return .trouble(
                StepFailure(
                    code: isThere ? .inconclusive : .drift,
                    message: "\(name) is \(word(server.vmState)) on \(server.host ?? "no host"), and not active"))
        }
        guard server.powerState == 1 else { return .unclear }
        return isThere ? .moved : .here
    }

    private static func drift(_ words: String) -> StepFailure { StepFailure(code: .drift, message: words) }

    private static func word(_ text: String) -> String { FactText.excerpt(FactText.decode(text.utf8), limit: 40) }
}
