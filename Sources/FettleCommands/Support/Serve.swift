import ArgumentParser
import FettleControl
import FettleServer

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Show findings, runs and quarantine over HTTP. Reads only.",
        discussion: """
            Listens on this machine alone, without TLS. As soon as users are kept whoever looks shows a token in the header \
            `Authorization: Bearer …` and has a role that looks at the whole fleet; only /healthz is open.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup(title: "Feeds by which the risks are weighed") var advisories: AdvisoryOptions
    @Option(help: "The port on 127.0.0.1.") var port = 8470

    func validate() throws {
        guard (1...65_535).contains(port) else {
            throw ValidationError("--port takes a number from 1 to 65535, not \(port)")
        }
    }

    func run() async throws {
        let session = try Session(options)
        let url = "http://127.0.0.1:\(port)/"
        if options.output == .json {
            try session.printJSON(["url": url])
        } else {
            session.print("\(url)  (Ctrl-C ends)")
        }
        let (fleet, policy, feeds) = (try session.fleet, try session.policy, try session.feeds(advisories.source))
        Output.tellNotesOfEnd()
        let judgements = session.judgements
        let store = session.store
        let issuer = try Issuer(session.directory)?.lasting()
        try await ReadOnlyServer(
            service: OverviewService(store: session.store, tools: session.tools),
            judgement: { try await judgements.judgement(fleet: fleet, policy: policy, feeds: feeds) },
            mayRead: { bearer throws(ControlError) in
                let access = try SignIn.access(bearer: bearer, issuer)
                try await UserService(store: store, access: access).requireRead()
            }, port: port
        ).run()
    }
}
