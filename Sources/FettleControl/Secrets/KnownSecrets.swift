import Foundation
import Synchronization

/// A secret that is known by its value, and by what name it may be told.
struct KnownSecret: Sendable {
    let name: String
    /// As it is, and as JSON, base64 and addresses write it.
    let forms: [String]
    private let length: Int

    /// Shorter values stand in too many texts by chance.
    private static let shortest = 6

    /// nil: it is too short to be looked for.
    init?(_ name: String, _ value: String) {
        guard value.utf8.count >= Self.shortest else { return nil }
        self.name = name
        length = value.utf8.count
        let plain = JSONEncoder()
        plain.outputFormatting = .withoutEscapingSlashes
        var forms = [value, Data(value.utf8).base64EncodedString()]
        forms += [JSONEncoder(), plain].compactMap { try? $0.encode(value) }
            .map { String(decoding: $0.dropFirst().dropLast(), as: UTF8.self) }
        forms += [value.addingPercentEncoding(withAllowedCharacters: Self.unreserved), value.removingPercentEncoding]
            .compactMap { $0 }
        var seen: Set<String> = []
        self.forms = forms.filter { $0.utf8.count >= Self.shortest && seen.insert($0).inserted }
    }

    /// RFC 3986, section 2.3.
    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    /// The longest first: one may be a part of another.
    static func isMaskedBefore(_ first: KnownSecret, _ second: KnownSecret) -> Bool {
        (second.length, first.name) < (first.length, second.name)
    }
}

/// Secrets that a process comes to know on its way, such as those in files that a policy names. Masks that were made with it
/// (`SecretMask`) know from then on whatever is added here.
public final class KnownSecrets: Sendable {
    private let known = Mutex<[KnownSecret]>([])
    /// Held while it runs: nobody masks by half of what it finds.
    private let search = Mutex<(@Sendable () -> Void)?>(nil)

    public init() {}

    /// What is done before a mask first needs them; it adds what it finds. It must mask nothing itself.
    public func searchFirst(_ work: @escaping @Sendable () -> Void) { search.withLock { $0 = work } }

    /// - Parameters:
    ///   - value: the secret; nothing is done for a very short one.
    ///   - name: by which it may be told.
    public func add(_ value: String, as name: String) {
        guard let secret = KnownSecret(name, value) else { return }
        known.withLock { known in
            guard !known.contains(where: { $0.name == name && $0.forms == secret.forms }) else { return }
            known.append(secret)
            known.sort(by: KnownSecret.isMaskedBefore)
        }
    }

    /// An address that lets in whoever knows it: as a whole, and those parts of its path that nobody could guess, with
    /// the path that holds them. What is known is refused in every reason: words such as `job_templates`, and dates,
    /// are not.
    public func add(address: String, as name: String) {
        add(address, as: name)
        guard let scheme = address.firstRange(of: "://") else { return }
        let path = address[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
        let wholes = [path, path.prefix { $0 != "?" }].filter { !Self.secretParts(of: $0).isEmpty }
        for part in wholes + Self.secretParts(of: path) { add(String(part), as: name) }
    }

    /// Shorter ones are words and numbers more often than secrets.
    private static let shortestPart = 16

    private static func secretParts(of path: Substring) -> [Substring] {
        path.split { "/?&=;#".contains($0) }.filter { part in
            let bytes = Array((part.removingPercentEncoding ?? String(part)).utf8)
            return bytes.count >= shortestPart && bytes.contains(where: PlainWords.isDigit)
                && bytes.contains { PlainWords.isSmall($0) || PlainWords.isCapital($0) }
                && !PlainWords.isPlain(bytes, names: true, longestNumber: 3)
        }
    }

    var all: [KnownSecret] {
        search.withLock { work in
            work?()
            work = nil
        }
        return known.withLock { $0 }
    }
}
