import ArgumentParser
import FettleControl
import FettleModel
import FettleStore
import Foundation

struct MessageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "message", abstract: "What receivers are told of: the outbox and its delivery log.",
        discussion: "Who is told of what: `messages` in policy.yaml (docs/messages.md).",
        subcommands: [MessageList.self, MessageDeliver.self, MessageRetry.self, MessageTest.self])
}

struct MessageList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Messages, newest first, and what came of each.",
        discussion: "`-o json` has each message whole, with every try.")

    @OptionGroup var options: GlobalOptions
    @Option(help: "How many.") var limit = 20

    struct Row: Encodable {
        /// nil: not told.
        var id: Int64?
        var message: OutboxMessage
    }

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit takes 1 to 10000") }
    }

    func run() async throws {
        let session = try Session(options)
        let service = MessageServices.make(
            Policy(), session.store, session.environment, directory: session.directory)
        let messages = try await service.list(limit: limit)
        if options.output == .json {
            return try session.printJSON(messages.map { Row(id: $0.id, message: $0.message) })
        }
        guard !messages.isEmpty else { return session.print("Nobody was told of anything.") }
        var table = Table([
            .init(title: "ID", alignsRight: true), .init(title: "RECEIVER"), .init(title: "EVENT"),
            .init(title: "ABOUT"), .init(title: "STATE"), .init(title: "TRIES", alignsRight: true),
            .init(title: "LAST TRY", shrinks: 1),
        ])
        for stored in messages {
            let message = stored.message
            let event = message.event
            table.add(
                .init("\(stored.id)", .bold), .init(message.receiver), .init(event.kind.rawValue),
                .init(event.run?.id.rawValue ?? event.change?.id.rawValue ?? ""),
                .init(message.stateWords, message.style), .init("\(message.attempts.count)"),
                .init(message.attempts.last?.note ?? ""))
        }
        session.print(table)
    }
}

struct MessageDeliver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliver", abstract: "Tell receivers what is due, and notices of what is about to begin.",
        discussion: """
            For cron or a timer, such as every five minutes: what failed before is tried again when its pause is over. Ends with 4 if \
            something was not taken.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "No try begins, or goes on, after so many seconds.") var seconds = 240

    func validate() throws {
        guard (1...86_400).contains(seconds) else { throw ValidationError("--seconds takes 1 to 86400") }
    }

    func run() async throws {
        let service = try MessageServices.required(options)
        try await service.takeUp()
        let summary = try await service.deliverDue(until: .now().adding(seconds: seconds))
        if options.output == .json {
            try Output.writeJSON(summary)
        } else {
            Output.writeLine(
                "\(summary.delivered) delivered, \(summary.failed) failed, \(summary.givenUp) given up, "
                    + "\(summary.waiting) waiting")
        }
        if summary.failed > 0 || summary.givenUp > 0 { throw ExitStatus.partial.code }
    }
}

struct MessageRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Try a message again, now and with all its tries anew.",
        discussion: "One that was delivered is told once more; its event bears the same id.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "Its number in `fettle message list`.") var message: Int64

    func run() async throws {
        let service = try MessageServices.required(options, access: Session(options).access)
        _ = try await service.retry(message)
        _ = try await service.deliverDue(until: .now().adding(seconds: 30))
        guard let stored = try await service.list(limit: 10_000).first(where: { $0.id == message }) else {
            throw CommandFailure(.failure, "message \(message) is gone\n  `fettle message list`")
        }
        try stored.message.answer(options, id: stored.id)
    }
}

struct MessageTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send a receiver a message that says nothing, to see whether it can be reached.",
        discussion: "Systems for tickets are only asked whether they let Fettle in; nothing is written there.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The receiver's name in policy.yaml.") var receiver: String

    func run() async throws {
        let session = try Session(options)
        let service = try MessageServices.required(options, access: session.access)
        let message = try await service.test(receiver, id: "test-\(UUID().uuidString)", by: session.person)
        try message.answer(options, id: nil)
    }
}

extension MessageServices {
    /// - Throws: where nobody would be told of anything.
    fileprivate static func required(_ options: GlobalOptions, access: Access = .local) throws -> MessageService {
        guard let service = try make(options, access: access) else {
            throw CommandFailure(
                .usage,
                "policy.yaml names no receivers\n  `messages` in policy.yaml names them: docs/messages.md; "
                    + "`fettle schema policy` has every key")
        }
        return service
    }
}

extension OutboxMessage {
    fileprivate var stateWords: String {
        switch state {
        case .waiting: attempts.isEmpty ? "waiting" : "again at \(dueAt)"
        case .delivered: "delivered"
        case .givenUp: "given up"
        }
    }

    fileprivate var style: TextStyle {
        switch state {
        case .waiting: .yellow
        case .delivered: .green
        case .givenUp: .red
        }
    }

    /// Tells how it stands; the exit code says whether it was taken.
    fileprivate func answer(_ options: GlobalOptions, id: Int64?) throws {
        let note = attempts.last?.note ?? "not tried yet"
        guard state == .delivered else {
            throw CommandFailure(
                .failure, "\(receiver) was not told: \(note)\n  \(stateWords); `fettle message list` has every try")
        }
        if options.output == .json { return try Output.writeJSON(MessageList.Row(id: id, message: self)) }
        Output.writeLine("\(receiver) has it: \(note.printable)")
    }
}
