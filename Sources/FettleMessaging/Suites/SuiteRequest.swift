public import FettleModel
import Foundation
import NIOHTTP1

/// Asking a site's own test suite, signed as webhooks are: by the symmetric scheme of Standard Webhooks 1.0, and its answer as well.
enum SuiteRequest {
    static let type = "patchset.tests"
    /// How far the clock of an answer may be off, in seconds.
    static let leewaySeconds: Int64 = 300

    private struct Payload: Encodable {
        struct Data: Encodable {
            var request: String
            var set: PatchSetID
            var digest: Digest
            var stage: StageID
            var environments: [EnvironmentID]
            var runs: [RunID]
            var dueBy: Timestamp
            var by: Person
        }
        var type: String
        var timestamp: Timestamp
        var data: Data
    }

    /// The same at every try, and no other request's of any store: a suite that has seen it has nothing more to do.
    static func id(of note: PatchSetNote) -> String {
        "\(note.id)-\(note.at.milliseconds)-\(note.set.digest.rawValue.prefix(24))"
    }

    /// The same bytes at every try.
    static func body(of note: PatchSetNote) throws(DeliveryFailure) -> [UInt8] {
        guard let request = note.request, let stage = note.stage else {
            throw DeliveryFailure("\(note.id) asks nobody anything", mayPass: false)
        }
        let payload = Payload(
            type: type, timestamp: note.at,
            data: Payload.Data(
                request: note.id, set: PatchSetID(note.set.id), digest: note.set.digest, stage: stage,
                environments: request.environments, runs: request.runs, dueBy: request.dueBy, by: note.by))
        do {
            return [UInt8](try CanonicalJSON.encode(payload))
        } catch {
            throw DeliveryFailure("the request cannot be written as JSON", mayPass: false)
        }
    }

    static func send(
        _ note: PatchSetNote, secret: String?, at time: Timestamp, _ web: WebSession
    ) async throws(DeliveryFailure) -> SuiteReply {
        guard let secret else { throw DeliveryFailure("there is no secret to sign with", mayPass: false) }
        let body = try body(of: note)
        let id = id(of: note)
        let seconds = time.milliseconds / 1_000
        let signature = try WebhookReceiver.signature(of: body, id: id, seconds: seconds, secret: secret)
        let answer = try await web.send(
            .POST, "",
            headers: [("webhook-id", id), ("webhook-timestamp", "\(seconds)"), ("webhook-signature", signature)],
            json: body
        ).required()
        guard !answer.body.isEmpty, answer.status != 202 else { return .taken }
        do throws(DeliveryFailure) {
            let told = try read(answer, to: id, secret: secret, from: seconds)
            guard told.request == note.id, told.set.rawValue == note.set.id, told.stage == note.stage else {
                throw DeliveryFailure("its answer is about another request, set or stage", mayPass: false)
            }
            guard told.digest == note.set.digest else {
                throw DeliveryFailure(
                    "it tested a set with the digest \(told.digest.short)…, and \(note.set.id) has "
                        + "\(note.set.digest.short)…", mayPass: false)
            }
            return .answered(told)
        } catch {
            return .worthless(error.message)
        }
    }

    /// - Parameter seconds: when it was asked, since 1970.
    private static func read(
        _ answer: WebSession.Answer, to id: String, secret: String, from seconds: Int64
    ) throws(DeliveryFailure) -> SuiteAnswer {
        func header(_ name: String) -> String { answer.headers.first(name: name) ?? "" }
        guard answer.isWhole else { throw DeliveryFailure("its answer is longer than is read", mayPass: false) }
        guard header("webhook-id") == id else {
            throw DeliveryFailure("its answer bears another webhook-id than the request", mayPass: false)
        }
        guard let signed = Int64(header("webhook-timestamp")), abs(signed.subtractingClamped(seconds)) <= leewaySeconds
        else {
            throw DeliveryFailure("the webhook-timestamp of its answer is none, or five minutes off", mayPass: false)
        }
        guard
            try WebhookReceiver.isSigned(
                answer.body, id: id, seconds: signed, secret: secret, signatures: header("webhook-signature"))
        else { throw DeliveryFailure("its answer is not signed with its secret", mayPass: false) }
        return try SuiteAnswer(answer.body)
    }
}

extension Int64 {
    fileprivate func subtractingClamped(_ other: Int64) -> Int64 {
        let (difference, overflows) = subtractingReportingOverflow(other)
        return overflows || difference == .min ? .max : difference
    }
}

extension MessageDelivery {
    /// Asks a stage's own suite to test a patch set: one try. A suite that has heard of it before is asked again under the same id.
    ///
    /// - Parameters:
    ///   - note: the request as it is kept.
    ///   - receiver: of kind `webhook`, as the policy names it.
    ///   - time: when it is tried; part of the signature.
    ///   - seconds: that the try may take, from 1 on, where that is less than `Limits.totalSeconds`; nil: as much as that.
    public func ask(
        _ note: PatchSetNote, of receiver: MessageReceiver, with credentials: Credentials, at time: Timestamp,
        within seconds: Int? = nil
    ) async -> SuiteReply {
        do throws(DeliveryFailure) {
            let address = try Self.address(receiver, credentials)
            return try await WebSession.with(receiver, address, limits.within(seconds), version: version) {
                web throws(DeliveryFailure) in
                try await SuiteRequest.send(note, secret: credentials.secret, at: time, web)
            }
        } catch {
            return .failed(error.message, mayPass: error.mayPass, afterSeconds: error.afterSeconds)
        }
    }
}
