import FettleControl
import FettleInventory
import FettleMessaging
import FettleModel
import FettleStore
import Foundation
import Synchronization

/// A command that does something that others are told of.
protocol ActingCommand {
    var options: GlobalOptions { get }
}

extension ChangeSubmit: ActingCommand {}
extension ChangeApprove: ActingCommand {}
extension ChangeReject: ActingCommand {}
extension ChangeWithdraw: ActingCommand {}
extension ChangeScheduleCommand: ActingCommand {}
extension ChangeReview: ActingCommand {}
extension PromoteCommand: ActingCommand {}
extension RunStartCommand: ActingCommand {}
extension RunResume: ActingCommand {}
extension QuarantineSettle: ActingCommand {}

/// Tells receivers of what a command does, while it does it and when it ends. Nothing of it alters what the command does, answers or
/// ends with: what was not delivered waits in the outbox for the next command, or for `fettle message deliver`.
final class MessagePost {
    private let options: GlobalOptions
    private var service: MessageService?
    private var pump: Task<Void, Never>?
    /// Not by cancelling it: that would break off what is being delivered.
    private let isOver = StopFlag()

    /// How long a command that is done waits for receivers, in seconds: for what the pump has in hand and what is left, together.
    private static let patienceSeconds = 15

    /// nil: nobody is told of what this command does.
    init?(for command: Any) {
        guard let acting = command as? any ActingCommand else { return nil }
        options = acting.options
    }

    /// Before the command acts, so that a new receiver hears of what it does.
    func begin() async {
        do {
            guard let service = try MessageServices.make(options) else { return }
            try await service.takeUp()
            self.service = service
            pump = Self.start(service, until: isOver)
        } catch {
            // The command tells what is wrong with the file or the database, if it needs them.
            Output.note("nobody is told of this: \(FettleCommand.words(for: error).replacing("\n", with: " "))")
        }
    }

    private static func start(_ service: MessageService, until isOver: StopFlag) -> Task<Void, Never> {
        Task { await pump(service, until: isOver) }
    }

    /// Looks every few seconds for something to tell.
    private static func pump(_ service: MessageService, until isOver: StopFlag) async {
        while true {
            for _ in 0..<15 {
                try? await Task.sleep(for: .milliseconds(200))
                if isOver.isSet { return }
            }
            // Never later than the end of a command that is done from now on.
            let end = Timestamp.now().adding(seconds: patienceSeconds)
            // Whatever goes wrong is seen again at the end.
            try? await service.takeUp()
            _ = try? await service.deliverDue(until: end)
        }
    }

    /// When the command has acted, however it ended.
    func finish() async {
        guard let service else { return }
        let end = Timestamp.now().adding(seconds: Self.patienceSeconds)
        isOver.set()
        do {
            try await service.takeUp()
            // Beside the pump, which may be waiting for one that does not answer: what it has in hand is not tried here.
            let beside = try await service.deliverDue(until: end)
            await pump?.value
            let summary = try await service.deliverDue(until: end)
            let givenUp = beside.givenUp + summary.givenUp
            if summary.waiting > 0 || givenUp > 0 {
                let waits = summary.waiting > 0 ? "\(summary.waiting) waiting" : ""
                let lost = givenUp > 0 ? "\(givenUp) given up" : ""
                let words = [waits, lost].filter { !$0.isEmpty }.joined(separator: ", ")
                Output.note("messages not delivered: \(words); `fettle message list` tells why")
            }
        } catch {
            await pump?.value
            Output.note("nobody is told of this yet: \(FettleCommand.words(for: error).replacing("\n", with: " "))")
        }
    }
}

/// Set once, by one task for another.
private final class StopFlag: Sendable {
    private let flag = Mutex(false)
    var isSet: Bool { flag.withLock { $0 } }
    func set() { flag.withLock { $0 = true } }
}

/// Where receivers, secrets and the outbox are wired together.
enum MessageServices {
    /// nil: the policy names no receivers.
    static func make(_ options: GlobalOptions, access: Access = .local) throws -> MessageService? {
        let directory = FleetFolder.directory(options)
        let file = directory.appendingPathComponent("policy.yaml")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let policy = try PolicyFile.read(path: file.path).policy
        guard policy.messages?.receivers.isEmpty == false else { return nil }
        let environment = ProcessInfo.processInfo.environment
        let store = try StoreChoice.open(options.store, environment, directory: directory)
        return make(policy, store, environment, directory: directory, access: access)
    }

    static func make(
        _ policy: Policy, _ store: any Store, _ environment: [String: String], directory: URL,
        access: Access = .local
    ) -> MessageService {
        let delivery = MessageDelivery(version: FettleVersion.text)
        let secrets = SecretMask(environment: environment, and: .ofThisProcess)
        KnownSecrets.ofThisProcess.searchFirst(in: policy, environment, directory: directory)
        return MessageService(
            store: store, policy: policy.messages, secrets: secrets, access: access,
            reviewWithinSeconds: policy.changes.emergency.reviewWithinSeconds
        ) {
            message, receiver, reference, seconds in
            var mask = secrets
            do throws(SecretTrouble) {
                let reader = SecretReader(environment: environment, directory: directory)
                let (receiver, credentials) = try reader.credentials(of: receiver, &mask)
                var outcome = await delivery.deliver(
                    message.event, to: receiver, with: credentials, reference: reference, at: .now(),
                    within: seconds)
                outcome.note = mask.masked(outcome.note)
                return outcome
            } catch {
                // Somebody may put it there.
                return DeliveryOutcome(.failed(afterSeconds: nil), error.message)
            }
        }
    }
}
