import FettleControl
import FettleInventory
import FettleMessaging
import FettleModel
import Foundation

extension KnownSecrets {
    static let ofThisProcess = KnownSecrets()

    /// Reads, before a mask first needs them, all secrets that a policy names for receivers and suites. What cannot be read is told by
    /// whoever needs it.
    func searchFirst(in policy: Policy, _ environment: [String: String], directory: URL) {
        searchFirst { self.read(policy, environment, directory) }
    }

    /// The same, with the policy of a folder; a file that is none is told by whoever needs it.
    func searchFirst(inFolder directory: URL, _ environment: [String: String]) {
        searchFirst {
            let path = directory.appendingPathComponent("policy.yaml").path
            guard FileManager.default.fileExists(atPath: path), let policy = try? PolicyFile.read(path: path).policy
            else { return }
            self.read(policy, environment, directory)
        }
    }

    private func read(_ policy: Policy, _ environment: [String: String], _ directory: URL) {
        let reader = SecretReader(environment: environment, directory: directory, known: self)
        var mask = SecretMask()
        let suites = (policy.promotion?.stages ?? []).compactMap { stage -> MessageReceiver? in
            if case .webhook(let receiver, _, _)? = stage.tests { receiver } else { nil }
        }
        for receiver in (policy.messages?.receivers ?? []) + suites { _ = try? reader.credentials(of: receiver, &mask) }
    }
}

extension SecretSource {
    /// Where it is, for people.
    var words: String {
        switch self {
        case .environment(let name): name
        case .file(let path): path
        }
    }
}

extension SecretReader {
    /// What a receiver's settings point to, and the receiver with paths that are absolute.
    ///
    /// - Parameter mask: knows the secrets from then on.
    func credentials(
        of receiver: MessageReceiver, _ mask: inout SecretMask
    ) throws(SecretTrouble) -> (MessageReceiver, MessageDelivery.Credentials) {
        var receiver = receiver
        receiver.certificateAuthorities = receiver.certificateAuthorities.map(absolute)
        var credentials = MessageDelivery.Credentials(address: "", secret: nil)
        switch receiver.address {
        case .text(let text): credentials.address = text
        case .secret(let source):
            credentials.address = try read(source)
            let name = "\(receiver.name)'s address"
            mask = mask.knowing(address: credentials.address, as: name)
            known.add(address: credentials.address, as: name)
        }
        if let source = receiver.secret {
            let secret = try read(source)
            credentials.secret = secret
            let name = "\(receiver.name)'s secret"
            mask = mask.knowing(secret, as: name)
            // As Basic sends it (RFC 7617): a server's answer, or a proxy's, may repeat it.
            if let user = receiver.user {
                mask = mask.knowing("\(user):\(secret)", as: name)
                known.add("\(user):\(secret)", as: name)
            }
        }
        return (receiver, credentials)
    }
}

extension SecretMask {
    /// Shorter parts of a path are words such as `hooks`.
    private static let shortestPart = 8

    /// With an address that lets others in, its path and the parts of that: a server's answer may repeat any of them.
    ///
    /// - Parameter name: by which they may be told.
    func knowing(address: String, as name: String) -> SecretMask {
        var mask = knowing(address, as: name)
        guard let scheme = address.firstRange(of: "://") else { return mask }
        let path = address[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
        let parts = path.split { "/?&=;#".contains($0) }
        for part in [path, path.prefix { $0 != "?" }] + parts {
            for text in [String(part), part.removingPercentEncoding ?? ""] where text.utf8.count >= Self.shortestPart {
                mask = mask.knowing(text, as: name)
            }
        }
        return mask
    }
}
