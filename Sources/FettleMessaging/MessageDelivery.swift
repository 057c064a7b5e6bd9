public import FettleModel
import Foundation

/// Carries events to receivers, one try each.
public struct MessageDelivery: Sendable {
    let limits: Limits
    let version: String

    /// What a receiver may take at most.
    public struct Limits: Sendable {
        /// Until a connection is there, in seconds.
        public var connectSeconds: Int
        /// For a whole try with all its requests, in seconds.
        public var totalSeconds: Int
        /// Of an answer that is read, in bytes.
        public var answerBytes: Int

        public init(connectSeconds: Int = 5, totalSeconds: Int = 20, answerBytes: Int = 262_144) {
            self.connectSeconds = connectSeconds
            self.totalSeconds = totalSeconds
            self.answerBytes = answerBytes
        }

        /// With less time, if that is less; nil: as it is.
        func within(_ seconds: Int?) -> Limits {
            var limits = self
            if let seconds { limits.totalSeconds = min(totalSeconds, max(1, seconds)) }
            return limits
        }
    }

    /// What a receiver's settings point to, read at the moment of the try.
    public struct Credentials: Sendable {
        public var address: String
        /// nil: the receiver has none.
        public var secret: String?

        public init(address: String, secret: String?) {
            self.address = address
            self.secret = secret
        }
    }

    /// - Parameter version: of this program, told to receivers.
    public init(version: String, limits: Limits = Limits()) {
        self.version = version
        self.limits = limits
    }

    /// Tells a receiver of an event. A receiver that has heard of it before is told again: `event.id` says that it is the same.
    ///
    /// - Parameters:
    ///   - reference: what the receiver calls its record of the change, if that is known.
    ///   - time: when it is tried; part of a webhook's signature.
    ///   - seconds: that the try may take, from 1 on, where that is less than `Limits.totalSeconds`; nil: as much as that.
    public func deliver(
        _ event: MessageEvent, to receiver: MessageReceiver, with credentials: Credentials, reference: String?,
        at time: Timestamp, within seconds: Int? = nil
    ) async -> DeliveryOutcome {
        let limits = limits.within(seconds)
        do throws(DeliveryFailure) {
            let address = try Self.address(receiver, credentials)
            if case .mail(let settings) = receiver.kind {
                let note = try await MailSubmission(
                    address: address, settings: settings, receiver: receiver, secret: credentials.secret, limits: limits
                ).send(event, at: time)
                return DeliveryOutcome(.delivered(reference: nil), note)
            }
            let call = Call(
                event: event, receiver: receiver, address: address, secret: credentials.secret, reference: reference,
                at: time)
            return try await WebSession.with(receiver, address, limits, version: version) {
                web throws(DeliveryFailure) in try await Self.deliver(call, web)
            }
        } catch {
            return DeliveryOutcome(error.mayPass ? .failed(afterSeconds: error.afterSeconds) : .refused, error.message)
        }
    }

    /// The address, if it and the secret may be used.
    static func address(
        _ receiver: MessageReceiver, _ credentials: Credentials
    ) throws(DeliveryFailure) -> WebAddress {
        let address: WebAddress
        do throws(WebAddressError) {
            address = try receiver.checked(credentials.address)
        } catch {
            throw DeliveryFailure("the address \(error.message)", mayPass: false)
        }
        if let secret = credentials.secret, !secret.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) || secret.isEmpty {
            throw DeliveryFailure("the secret is empty, or holds control characters", mayPass: false)
        }
        return address
    }

    /// One try over HTTP.
    struct Call: Sendable {
        var event: MessageEvent
        var receiver: MessageReceiver
        var address: WebAddress
        var secret: String?
        var reference: String?
        var at: Timestamp
    }

    private static func deliver(_ call: Call, _ web: WebSession) async throws(DeliveryFailure) -> DeliveryOutcome {
        switch call.receiver.kind {
        case .webhook: try await WebhookReceiver.deliver(call, web)
        case .slack: try await ChatReceiver.deliver(call, web, ChatReceiver.slack)
        case .mattermost: try await ChatReceiver.deliver(call, web, ChatReceiver.mattermost)
        case .serviceNow(let settings): try await ServiceNowReceiver(call, web, settings).deliver()
        case .jira(let settings): try await JiraReceiver(call, web, settings).deliver()
        case .mail: throw DeliveryFailure("mail does not go over HTTP", mayPass: false)
        }
    }
}

/// Why a try failed.
struct DeliveryFailure: Error, Equatable {
    /// In a line; never holds an address or a secret.
    var message: String
    /// Whether another try may do better.
    var mayPass: Bool
    /// As the receiver asked; nil: it did not.
    var afterSeconds: Int?

    init(_ message: String, mayPass: Bool, afterSeconds: Int? = nil) {
        self.message = message
        self.mayPass = mayPass
        self.afterSeconds = afterSeconds
    }
}
