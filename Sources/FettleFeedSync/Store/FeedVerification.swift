/// How a file was checked when it came in.
public struct FeedVerification: Codable, Sendable, Equatable {
    public enum Outcome: String, Codable, Sendable {
        case verified
        /// The publisher, or the mirror, offers nothing to check by.
        case notOffered
        /// There is a signature, but no keyring was given to check it with.
        case notChecked
    }

    public var checksum: Outcome
    public var signature: Outcome
    /// The fingerprint of the key that signed.
    public var signer: String?
    /// Whether it came over an encrypted connection or from a local folder.
    public var isTransportSafe: Bool

    public init(checksum: Outcome, signature: Outcome, signer: String? = nil, isTransportSafe: Bool) {
        self.checksum = checksum
        self.signature = signature
        self.signer = signer
        self.isTransportSafe = isTransportSafe
    }

    /// `checksum verified, signature not checked`.
    public var inWords: String {
        let signed =
            switch signature {
            case .verified: "signature verified" + (signer.map { " (\($0.suffix(16)))" } ?? "")
            case .notOffered: "no signature offered"
            case .notChecked: "signature not checked (no keyring given)"
            }
        let transport = isTransportSafe ? "" : ", came over plain http"
        return (checksum == .verified ? "checksum verified" : "no checksum offered") + ", " + signed + transport
    }
}
