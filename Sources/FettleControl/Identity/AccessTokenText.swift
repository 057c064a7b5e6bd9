public import FettleModel

/// A token as its owner holds it: `fettle:alice:token-3:SECRET`. It is never written down by Fettle, and does not print itself.
public struct AccessTokenText: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public let user: UserID
    let id: AccessTokenID
    private let secret: String

    /// Whole, for the one time that it is told to its owner.
    public var revealed: String { "fettle:\(user):\(id):\(secret)" }

    public var description: String { "fettle:\(user):\(id):***" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }

    /// Bytes of randomness in a secret.
    static let secretBytes = 32
    private static let longest = 256

    init(user: UserID, id: AccessTokenID, random: [UInt8]) {
        self.user = user
        self.id = id
        secret = random.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }

    /// - Throws: `invalid` for anything else than a token; what was given is not repeated.
    public init(_ text: String) throws(ControlError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= Self.longest, parts.count == 4, parts[0] == "fettle", UserService.isName(parts[1]),
            parts[2].hasPrefix("token-"), UserService.isName(parts[2]), parts[3].utf8.count == Self.secretBytes * 2,
            parts[3].utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        else {
            throw ControlError(
                .invalid, "that is no token of Fettle's",
                hint: "it begins with 'fettle:' and a name, as `fettle token make` has told it")
        }
        user = UserID(parts[1])
        id = AccessTokenID(parts[2])
        secret = parts[3]
    }

    var digest: Digest { Digest.sha256(of: Array(secret.utf8)) }

    /// Takes as long wherever the two differ.
    func matches(_ kept: Digest) -> Bool {
        let (own, kept) = (Array(digest.rawValue.utf8), Array(kept.rawValue.utf8))
        guard own.count == kept.count else { return false }
        return zip(own, kept).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
