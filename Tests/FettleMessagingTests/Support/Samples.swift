import FettleModel

@testable import FettleMessaging

/// Events and receivers as tests need them.
enum Sample {
    static let time = Timestamp(milliseconds: 1_795_000_000_000)

    static func change(
        _ phase: ChangePhase = .authorise, kind: Change.Kind = .normal, template: String? = nil,
        reason: String = "October's security updates", window: TimeWindow? = nil
    ) -> MessageEvent.ChangeFacts {
        MessageEvent.ChangeFacts(
            id: "change-1", correlation: "change-1-0123456789ab", plan: "plan-1", kind: kind, template: template,
            phase: phase, reason: reason, requestedBy: "alice", window: window, environments: ["production"],
            groups: ["web"], hosts: 3)
    }

    static func event(
        _ kind: MessageKind = .changeSubmitted, _ change: MessageEvent.ChangeFacts? = Sample.change(),
        run: MessageEvent.RunFacts? = nil, id: String = "7-abcdef"
    ) -> MessageEvent {
        MessageEvent(id: id, kind: kind, at: time, by: "alice", change: change, run: run)
    }

    static func receiver(
        _ kind: MessageReceiver.Kind, _ address: String, user: String? = nil, plain: Bool = false
    ) -> MessageReceiver {
        MessageReceiver(
            name: "ops", kind: kind, address: .text(address), user: user, secret: .environment("SECRET"),
            allowsPlaintext: plain)
    }

    /// Patient: a machine that does much else at the same time answers late.
    static let delivery = MessageDelivery(
        version: "0", limits: MessageDelivery.Limits(connectSeconds: 30, totalSeconds: 60, answerBytes: 65_536))

    static func deliver(
        _ event: MessageEvent, to receiver: MessageReceiver, secret: String? = "a secret of some length",
        reference: String? = nil, by delivery: MessageDelivery = Sample.delivery
    ) async -> DeliveryOutcome {
        guard case .text(let address) = receiver.address else { return DeliveryOutcome(.refused, "no address") }
        return await delivery.deliver(
            event, to: receiver, with: .init(address: address, secret: secret), reference: reference, at: time)
    }

    /// What a stranger may have written into a reason.
    static let hostile = [
        "a\r\nBcc: eve@example.org", "</text> <!channel> & <https://evil.example|click>", "@channel @here @all :boom:",
        "**bold** [link](https://evil.example) `code` #tag ~town ~~no~~", "\u{202E}drawkcab\u{0007}\u{0000}",
        "\"quote\\\",",
        "=?utf-8?B?QQ==?=", "-o option", "ünïcödé 漢字 👩‍👩‍👧", String(repeating: "long ", count: 2_000),
        "'; DROP TABLE message; --",
    ]
}

extension DeliveryOutcome {
    var isFailed: Bool { if case .failed = kind { true } else { false } }
}
