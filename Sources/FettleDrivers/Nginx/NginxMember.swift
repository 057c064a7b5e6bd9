internal import FettleDriverKit
internal import FettleModel

/// A step's server in the file of its upstream.
struct NginxMember: Sendable {
    let host: NginxHost
    let name: String

    private var reloadTime: Duration { host.installation.reloadTime }

    init(
        _ step: Step, _ traffic: TrafficBinding, channels: any ChannelProvider, installation: NginxInstallation
    ) throws(StepFailure) {
        host = try NginxHost(traffic, channels: channels, installation: installation)
        name = traffic.serverName(of: step.resource)
    }

    func server(in view: NginxView) throws(StepFailure) -> NginxServersFile.Server {
        do throws(NginxFileError) { return try view.file.server(name) } catch {
            throw StepFailure(
                code: HAProxyNames.isName(name) ? .drift : .refused,
                message: "\(host.place): \(SafeText.lastLines(of: error.message) ?? "")")
        }
    }

    /// Looks, and waits where a change of somebody else of Fettle's is under way.
    func settled() async throws(StepFailure) -> NginxView {
        let end = ContinuousClock.now + reloadTime
        while true {
            let view = try await host.look()
            if view.taken != .pending || ContinuousClock.now >= end { return view }
            try await host.pause(.milliseconds(200))
        }
    }

    /// Has nginx run with the server's line as it is wanted.
    ///
    /// - Parameter wanted: the line, of what stands there; throws where that is not what this run may change.
    /// - Returns: what was seen last: nginx runs with the file, and the line is as wanted.
    func bring(
        _ wanted: (NginxServersFile.Server) throws(StepFailure) -> String
    ) async throws(StepFailure) -> NginxView {
        // Each time round somebody else has written the file meanwhile.
        for _ in 0..<10 {
            let view = try await host.look()
            guard view.isSettled else { throw failure(.unreachable, "nginx has no worker that takes requests") }
            let server = try server(in: view)
            let line = try wanted(server)
            guard view.taken != .edited else { throw failure(.drift, Self.edited) }
            try await host.test()
            if line == server.line, view.taken == .yes { return view }
            guard line != server.line else {
                if try await reloaded(view) { return try await host.look() }
                continue
            }
            let file = try replacing(server, by: line, in: view)
            guard try await host.write(file, over: view) else { continue }
            let written = try await host.look()
            guard written.text == file.text else { continue }
            do throws(StepFailure) {
                try await host.test()
                if try await reloaded(written) { return try await host.look() }
            } catch {
                // What nginx refuses must not lie there for its next start. It counts as not taken, whatever it says.
                if error.code == .refused { _ = try? await host.write(view.file, over: written) }
                throw error
            }
        }
        throw failure(.locked, "somebody else writes it all the time")
    }

    /// Has nginx take the file, and waits until none of the workers that were there takes new requests.
    ///
    /// - Returns: false if the file was changed meanwhile, so that nobody knows which one nginx took.
    private func reloaded(_ view: NginxView) async throws(StepFailure) -> Bool {
        let before = try await host.look().serving
        try await host.reload()
        let end = ContinuousClock.now + reloadTime
        var pause = Duration.milliseconds(50)
        while true {
            let now = try await host.look()
            if now.isSettled, now.serving.isDisjoint(with: before) { return try await host.seal(view, now: now) }
            guard ContinuousClock.now < end else {
                throw failure(
                    .refused,
                    "nginx was told to reload, and after \(reloadTime.inSeconds) s still runs as before: its error log "
                        + "says why")
            }
            try await host.pause(pause)
            pause = min(pause * 3 / 2, .milliseconds(500))
        }
    }

    private func replacing(
        _ server: NginxServersFile.Server, by line: String, in view: NginxView
    ) throws(StepFailure) -> NginxServersFile {
        do throws(NginxFileError) { return try NginxServersFile(view.file.replacing(server, by: line)) } catch {
            throw failure(.drift, SafeText.lastLines(of: error.message) ?? "")
        }
    }

    /// Why nothing is done while somebody else is at work on the file.
    static let edited =
        "somebody has changed the file since nginx took it, and nginx was not reloaded: what stands there may not be "
        + "finished; reload nginx, or take the change back"

    /// The answer of a check: whoever changed the file most often reloads in a moment.
    var blocked: StepReadiness { .blocked(reason: "\(host.place): \(Self.edited)") }

    /// Fettle wrote the file, and whoever did has not seen yet that nginx took it.
    var pending: StepFailure {
        failure(
            .timeout,
            "\(name): the file was written, and nobody has seen within \(reloadTime.inSeconds) s that nginx took it")
    }

    func failure(_ code: StepFailure.Code, _ message: String) -> StepFailure {
        StepFailure(code: code, message: "\(host.place): \(message)")
    }

    func observation(_ summary: String, _ view: NginxView, _ server: NginxServersFile.Server) -> Observation {
        Observation(
            verdict: .pass, summary: summary,
            details: [
                "server": name, "line": Self.shown(server.line), "file": view.digest,
                "workers": view.serving.map(\.id).sorted().joined(separator: " "),
                "oldWorkers": String(view.leaving.count),
            ],
            observedAt: view.observedAt)
    }

    static func shown(_ line: String) -> String { SafeText.lastLines(of: line) ?? "" }
}
