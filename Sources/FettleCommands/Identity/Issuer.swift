import FettleControl
import FettleEvidence
import FettleIdentity
import FettleInventory
import FettleModel
import FettleStore
import Foundation

/// The issuer of id tokens that policy.yaml names, with its keys as they are now.
struct Issuer: Sendable {
    let policy: IdentityPolicy
    let keys: Data
    let trust: IssuerTrust
    /// nil: the keys are as they were read.
    private var lastingKeys: IssuerKeys?

    /// Reads the keys; nil if the policy names no issuer.
    init?(_ directory: URL) throws {
        let file = directory.appendingPathComponent("policy.yaml").path
        guard FileManager.default.fileExists(atPath: file),
            let policy = try PolicyFile.read(path: file, fleet: nil).policy.identity
        else { return nil }
        self.policy = policy
        let (keys, digest) = try Self.keys(policy.keys, directory)
        self.keys = keys
        trust = IssuerTrust(policy: policy, keys: digest)
    }

    /// Three parts with dots between them, as no token of Fettle's has.
    static func isIDToken(_ text: String) -> Bool { text.hasPrefix("eyJ") && text.utf8.count { $0 == 0x2E } == 2 }

    /// In whose name it is asked, as the token tells, and what proves it.
    func access(_ text: String) throws -> (Person, Access) {
        guard let name = IDTokenVerifier.unprovenName(text, policy: policy) else {
            throw CommandFailure(
                .usage,
                "the id token has no name in its claim '\(policy.nameClaim)'\n  `identity.nameClaim` in policy.yaml")
        }
        return (Person(name), access(idToken: text))
    }

    func access(idToken text: String) -> Access {
        let (policy, keys, lasting) = (policy, keys, lastingKeys)
        return .external(trust) { () throws(ControlError) in
            do throws(IDTokenError) {
                if let lasting { return try await lasting.verify(text, policy: policy, at: .now()) }
                return try await IDTokenVerifier(policy: policy, keys: keys).verify(text, at: .now())
            } catch {
                throw ControlError(.blocked, error.message, hint: "`identity` in policy.yaml: docs/identity.md")
            }
        }
    }

    // MARK: Keys

    /// For a process that lives long: keys over https are read anew when a token names one that is not among them. Those of a file are
    /// not: an admin has accepted that file, byte for byte, and another one needs their word.
    func lasting() -> Issuer {
        guard policy.keys.hasPrefix("https://") else { return self }
        let address = policy.keys
        var issuer = self
        issuer.lastingKeys = IssuerKeys(keys) {
            try await withCheckedThrowingContinuation { continuation in
                // It waits for another program: on a thread of its own.
                Thread.detachNewThread { continuation.resume(with: Result { try KeyFetch.keys(at: address) }) }
            }
        }
        return issuer
    }

    /// - Returns: the keys, and the digest of the file that they come from; nil: they come from the issuer's address.
    private static func keys(_ place: String, _ directory: URL) throws -> (Data, FettleModel.Digest?) {
        if place.hasPrefix("https://") { return (try KeyFetch.keys(at: place), nil) }
        let path = place.hasPrefix("/") ? place : directory.appendingPathComponent(place).path
        let data = try EvidenceFile.bytes(
            of: path, limit: IDTokenVerifier.longestKeys,
            hint: "`identity.keys` in policy.yaml names the issuer's keys")
        return (data, LogChain.sha256.digest([UInt8](data)))
    }

    /// Of the file with the issuer's keys, for whoever accepts a folder; nil: the policy names no file.
    static func digestOfKeys(_ policy: IdentityPolicy?, _ directory: URL) throws -> FettleModel.Digest? {
        guard let place = policy?.keys, !place.hasPrefix("https://") else { return nil }
        return try keys(place, directory).1
    }
}
