import Crypto
import FettleModel
import Foundation
import NIOHTTP1

/// A webhook, signed by the symmetric scheme of Standard Webhooks 1.0, so that receivers can take a library that is there.
/// Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
enum WebhookReceiver {
    private struct Payload: Encodable {
        var type: MessageKind
        var timestamp: Timestamp
        var data: MessageEvent
    }

    static func deliver(
        _ call: MessageDelivery.Call, _ web: WebSession
    ) async throws(DeliveryFailure) -> DeliveryOutcome {
        guard let secret = call.secret else { throw DeliveryFailure("there is no secret to sign with", mayPass: false) }
        let body = try body(of: call.event)
        let seconds = call.at.milliseconds / 1_000
        let signature = try signature(of: body, id: call.event.id, seconds: seconds, secret: secret)
        let answer = try await web.send(
            .POST, "",
            headers: [
                ("webhook-id", call.event.id), ("webhook-timestamp", "\(seconds)"), ("webhook-signature", signature),
            ], json: body
        ).required()
        return DeliveryOutcome(.delivered(reference: nil), "answers \(answer.status)")
    }

    /// The same bytes at every try.
    static func body(of event: MessageEvent) throws(DeliveryFailure) -> [UInt8] {
        do {
            return [UInt8](
                try CanonicalJSON.encode(Payload(type: event.kind, timestamp: event.at, data: event)))
        } catch {
            throw DeliveryFailure("the message cannot be written as JSON", mayPass: false)
        }
    }

    /// HMAC-SHA256 (RFC 2104) over `id.seconds.body`. A receiver refuses what is older than five minutes by `seconds`, and an id that
    /// it has seen.
    ///
    /// - Parameter secret: base64 of the key, with `whsec_` before it or not, as the libraries of the standard read it; text that is no
    ///   base64 of 24 to 64 bytes is the key as it stands. 16 bytes at least.
    static func signature(
        of body: [UInt8], id: String, seconds: Int64, secret: String
    ) throws(DeliveryFailure) -> String {
        let key = try key(secret)
        let signed = Data("\(id).\(seconds).".utf8) + Data(body)
        let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: key))
        return "v1,\(Data(code).base64EncodedString())"
    }

    /// Whether one of the signatures, as the header lists them with blanks between, is that of the secret; compared in constant time.
    static func isSigned(
        _ body: [UInt8], id: String, seconds: Int64, secret: String, signatures: String
    ) throws(DeliveryFailure) -> Bool {
        let key = SymmetricKey(data: try key(secret))
        let signed = Data("\(id).\(seconds).".utf8) + Data(body)
        // The header is a stranger's: of a long list only the beginning is looked at.
        return signatures.split(separator: " ").prefix(8).contains { signature in
            guard signature.hasPrefix("v1,"), let code = Data(base64Encoded: String(signature.dropFirst(3))) else {
                return false
            }
            return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: key)
        }
    }

    private static func key(_ secret: String) throws(DeliveryFailure) -> Data {
        let key: Data
        if secret.hasPrefix("whsec_") {
            guard let decoded = Data(base64Encoded: String(secret.dropFirst(6))) else {
                throw DeliveryFailure("the secret begins with whsec_ and is not base64 behind it", mayPass: false)
            }
            key = decoded
        } else if let decoded = Data(base64Encoded: secret), (24...64).contains(decoded.count) {
            key = decoded
        } else {
            key = Data(secret.utf8)
        }
        guard key.count >= 16 else {
            throw DeliveryFailure("the secret is shorter than 16 bytes: `openssl rand -base64 32`", mayPass: false)
        }
        return key
    }
}
