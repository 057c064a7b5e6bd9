import Foundation

/// Keeps secrets out of what is written down: values that are known, and what looks like one in a text that a host has printed.
///
/// A mask is no proof. What is known by its value is found wherever it stands; of what is not known only what has one of the usual
/// forms: a password in an address, a header, `password=…`, a private key in PEM or of OpenPGP.
public struct SecretMask: Sendable {
    private let known: [KnownSecret]
    /// What this process comes to know on its way; nil: nothing.
    private let found: KnownSecrets?

    static let sign = "***"

    /// - Parameters:
    ///   - environment: of this process: what its names say is secret is known by its value, and the passwords in addresses.
    ///   - found: what is read from elsewhere, also after this was made.
    public init(environment: [String: String] = [:], and found: KnownSecrets? = nil) {
        var known: [KnownSecret] = []
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            if SecretWords.isSecret(name: name) { known += [KnownSecret(name, value)].compactMap { $0 } }
            if let password = SecretWords.password(inAddress: value) {
                known += [KnownSecret(name, password)].compactMap { $0 }
            }
        }
        self.known = known.sorted(by: KnownSecret.isMaskedBefore)
        self.found = found
    }

    /// With one more.
    /// - Parameters:
    ///   - value: the secret; nothing is done for a very short one.
    ///   - name: by which it may be told, such as the file that holds it.
    public func knowing(_ value: String, as name: String) -> SecretMask {
        guard let secret = KnownSecret(name, value) else { return self }
        return SecretMask(known: (known + [secret]).sorted(by: KnownSecret.isMaskedBefore), found: found)
    }

    private init(known: [KnownSecret], found: KnownSecrets?) { (self.known, self.found) = (known, found) }

    private var all: [KnownSecret] {
        guard let found = found?.all, !found.isEmpty else { return known }
        return (known + found).sorted(by: KnownSecret.isMaskedBefore)
    }

    /// Without known values and whatever has the form of a secret. For texts for people.
    public func masked(_ text: String) -> String { SecretForms.masked(withoutKnown(text), assignments: true) }

    /// The same, but `name=value` stays: for texts that are read again by their form, and our own words.
    public func maskedLightly(_ text: String) -> String { SecretForms.masked(withoutKnown(text), assignments: false) }

    private func withoutKnown(_ text: String) -> String {
        all.reduce(text) { text, secret in
            secret.forms.reduce(text) { $0.contains($1) ? $0.replacing($1, with: Self.sign) : $0 }
        }
    }

    /// Which known secrets stand in these bytes, by name; as they are, or as JSON, base64 or an address writes them.
    func namesOfSecrets(in bytes: [UInt8]) -> [String] {
        let data = Data(bytes)
        var names: [String] = []
        for secret in all where !names.contains(secret.name) {
            if secret.forms.contains(where: { data.range(of: Data($0.utf8)) != nil }) { names.append(secret.name) }
        }
        return names.sorted()
    }
}
