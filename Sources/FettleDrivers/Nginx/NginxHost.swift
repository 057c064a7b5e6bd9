internal import FettleDriverKit
internal import FettleModel

/// The nginx of a group, through the channel to its machine: what Fettle reads and does there, and nothing else.
struct NginxHost: Sendable {
    let traffic: TrafficBinding
    let channels: any ChannelProvider
    let installation: NginxInstallation
    /// For messages: the file and its machine.
    let place: String

    private static let timeout = Duration.seconds(30)
    /// Of `nginx -T`.
    private static let longestConfiguration = 8 * 1_024 * 1_024

    init(
        _ traffic: TrafficBinding, channels: any ChannelProvider, installation: NginxInstallation
    ) throws(StepFailure) {
        let machine = SafeText.lastLines(of: traffic.via.rawValue) ?? "?"
        guard TrafficSides.isMapPath(traffic.endpoint) else {
            throw StepFailure(
                code: .refused,
                message:
                    "nginx on \(machine): its endpoint must be the absolute path of the file with the upstream's servers, "
                    + "of A-Z a-z 0-9 / - _ . @ +")
        }
        guard HAProxyNames.isName(traffic.backend) else {
            throw StepFailure(
                code: .refused,
                message: "nginx on \(machine): its backend must be the name of an upstream, of A-Z a-z 0-9 - _ . :")
        }
        guard traffic.address.transport != .none else {
            throw StepFailure(
                code: .unreachable, message: "nginx on \(machine): the inventory says that Fettle cannot reach it")
        }
        self.traffic = traffic
        self.channels = channels
        self.installation = installation
        place = "nginx on \(machine), \(traffic.endpoint)"
    }

    /// How often it is looked again where nginx was just started: its process id is there before its name is, and before its workers.
    private static let looks = 20

    /// Looks, again where a process was just started and does not say yet what it is.
    func look() async throws(StepFailure) -> NginxView {
        var tries = 0
        while true {
            let observedAt = Timestamp.now()
            let result = try await run(
                RemoteCommand(
                    script: installation.look(traffic.endpoint), timeout: Self.timeout,
                    outputLimit: 2 * NginxServersFile.longestText))
            tries += 1
            if result.status == NginxInstallation.Status.noMaster, tries < Self.looks {
                try await pause(.milliseconds(50))
                continue
            }
            if let failure = failure(result, "cannot be read") { throw failure }
            let view: NginxView
            do throws(NginxFileError) { view = try NginxView(result.standardOutput, observedAt: observedAt) } catch {
                throw StepFailure(code: .drift, message: "\(place): \(error.message)")
            }
            if view.isSettled || tries >= Self.looks { return view }
            try await pause(.milliseconds(50))
        }
    }

    /// Whether nginx would take its configuration, and whether the upstream is made of this file.
    func test() async throws(StepFailure) {
        let result = try await run(
            RemoteCommand(root: installation.test, timeout: Self.timeout, outputLimit: Self.longestConfiguration))
        guard result.succeeded else {
            throw StepFailure(
                code: .refused, message: "\(place): nginx does not accept its configuration: \(Self.words(result))")
        }
        let words: String
        switch NginxDump(result.outputText).upstream(traffic.backend, isMadeOf: traffic.endpoint) {
        case .ofTheFile: return
        case .notOfTheFile: words = "has no `upstream \(traffic.backend)` that includes this file"
        case .ofOthersToo:
            words =
                "has in `upstream \(traffic.backend)` a server or a second include besides, whose servers nobody sees"
        }
        throw StepFailure(
            code: .drift,
            message: "\(place): nginx's configuration \(words): write "
                + "`upstream \(traffic.backend) { include \(traffic.endpoint); }`")
    }

    /// - Returns: false if the file is no longer the one that was looked at: then nothing was written.
    func write(_ file: NginxServersFile, over view: NginxView) async throws(StepFailure) -> Bool {
        let bytes = Array(file.text.utf8)
        let script = installation.write(
            traffic.endpoint, over: view.digest, size: bytes.count, notes: view.notes.kept(in: file).text)
        let result = try await run(RemoteCommand(script: script, input: bytes, timeout: Self.timeout))
        if result.status == NginxInstallation.Status.changed { return false }
        if let failure = failure(result, "cannot be written") { throw failure }
        return true
    }

    func reload() async throws(StepFailure) {
        let result = try await run(RemoteCommand(root: installation.reload, timeout: Self.timeout))
        guard result.succeeded else {
            throw StepFailure(
                code: .refused, message: "\(place): nginx was not told to reload: \(Self.words(result))")
        }
    }

    /// Notes that nginx has taken the file as it was looked at, and which workers know which servers to be down.
    ///
    /// - Parameter now: looked at after all workers that take requests were of this file.
    /// - Returns: false if it is another one by now.
    func seal(_ view: NginxView, now: NginxView) async throws(StepFailure) -> Bool {
        let script = installation.seal(
            traffic.endpoint, view.identity, notes: now.notes.sealed(view.file, by: now).text)
        let result = try await run(RemoteCommand(script: script, timeout: Self.timeout))
        if result.status == NginxInstallation.Status.changed { return false }
        if let failure = failure(result, "cannot be sealed") { throw failure }
        return true
    }

    func pause(_ time: Duration) async throws(StepFailure) {
        do { try await ContinuousClock().sleep(for: time) } catch {
            throw StepFailure(code: .timeout, message: "\(place): stopped while waiting")
        }
    }

    // MARK: Parts

    private func run(_ command: RemoteCommand) async throws(StepFailure) -> CommandResult {
        do throws(AccessError) { return try await channels.channel(to: traffic.address).run(command) } catch {
            var failure = StepFailure(error)
            failure.message = "\(place): \(error.description)"
            if error.code == .privilege {
                failure.message += ": `fettle access sudoers --nginx` prints the rules that are needed"
            }
            throw failure
        }
    }

    private func failure(_ result: CommandResult, _ what: String) -> StepFailure? {
        typealias Status = NginxInstallation.Status
        guard result.status != 0 else { return nil }
        let folder = traffic.endpoint.split(separator: "/").dropLast().joined(separator: "/")
        let (code, words): (StepFailure.Code, String) =
            switch result.status {
            case Status.noFile: (.drift, "there is no such file: write the upstream's servers there, one a line")
            case Status.noMaster:
                (
                    .unreachable,
                    "nginx does not run, or not with its process id in \(installation.pidFiles.joined(separator: " or "))"
                )
            case Status.noPermission:
                (
                    .refused,
                    "\(what): the user that Fettle connects as may not write in /\(folder); make a folder of its own for it"
                )
            case Status.locked: (.locked, "somebody else has been writing it for 10 s")
            case Status.foreign: (.drift, "it is a link: name the file that it leads to")
            case Status.noTool:
                (
                    .refused,
                    "the machine lacks flock, sha256sum, or GNU's stat and date, or /proc/PID/task/PID/children"
                )
            case Status.owner:
                (
                    .refused,
                    "the file is not of the user that Fettle connects as, whose it would become: give it to that one"
                )
            case Status.cut: (.unreachable, "\(what): the text did not come whole, so the file was left as it is")
            default: (.internal, "\(what): \(Self.words(result))")
            }
        return StepFailure(code: code, message: "\(place): \(words)")
    }

    private static func words(_ result: CommandResult) -> String {
        SafeText.lastLines(of: result.errorText) ?? "status \(result.status)"
    }
}
