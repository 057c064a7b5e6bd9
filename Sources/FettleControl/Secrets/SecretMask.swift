import Foundation

/// Keeps secrets out of what is written down: values that are known, and what looks like one in a text that a host has printed.
///
/// A mask is no proof. What is known by its value is found wherever it stands; of what is not known only what has one of the usual
/// forms: a password in an address, a header, `password=…`, a private key in PEM.
public struct SecretMask: Sendable {
    /// A secret, and by what name it may be told.
    private let known: [(name: String, value: String)]

    static let sign = "***"
    /// Shorter values stand in too many texts by chance.
    private static let shortest = 6

    /// - Parameter environment: of this process: what its names say is secret is known by its value, and the passwords in addresses.
    public init(environment: [String: String] = [:]) {
        var known: [(name: String, value: String)] = []
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            if SecretWords.isSecret(name: name), value.utf8.count >= Self.shortest { known.append((name, value)) }
            if let password = SecretWords.password(inAddress: value), password.utf8.count >= Self.shortest {
                known.append((name, password))
            }
        }
        // The longest first: one may be a part of another.
        self.known = known.sorted { ($1.value.utf8.count, $0.name) < ($0.value.utf8.count, $1.name) }
    }

    /// With one more.
    /// - Parameters:
    ///   - value: the secret; nothing is done for a very short one.
    ///   - name: by which it may be told, such as the file that holds it.
    public func knowing(_ value: String, as name: String) -> SecretMask {
        guard value.utf8.count >= Self.shortest else { return self }
        return SecretMask(known: ([(name, value)] + known).sorted { $1.value.utf8.count < $0.value.utf8.count })
    }

    private init(known: [(name: String, value: String)]) { self.known = known }

    /// Without known values and whatever has the form of a secret. For texts for people.
    public func masked(_ text: String) -> String { SecretForms.masked(withoutKnown(text), assignments: true) }

    /// The same, but `name=value` stays: for texts that are read again by their form, and our own words.
    public func maskedLightly(_ text: String) -> String { SecretForms.masked(withoutKnown(text), assignments: false) }

    private func withoutKnown(_ text: String) -> String {
        known.reduce(text) { text, secret in
            text.contains(secret.value) ? text.replacing(secret.value, with: Self.sign) : text
        }
    }

    /// Which known secrets stand in these bytes, by name; as they are, or as JSON or base64 writes them.
    func namesOfSecrets(in bytes: [UInt8]) -> [String] {
        let data = Data(bytes)
        var names: [String] = []
        for secret in known where !names.contains(secret.name) {
            if Self.forms(of: secret.value).contains(where: { data.range(of: $0) != nil }) { names.append(secret.name) }
        }
        return names.sorted()
    }

    /// As it is, in base64, and as JSON writes it: a slash with a backslash before it, or without.
    private static func forms(of value: String) -> [Data] {
        let plain = JSONEncoder()
        plain.outputFormatting = .withoutEscapingSlashes
        let json = [JSONEncoder(), plain].compactMap { try? $0.encode(value) }.map { Data($0.dropFirst().dropLast()) }
        return [Data(value.utf8), Data(Data(value.utf8).base64EncodedString().utf8)] + json
    }
}
