import Crypto
import FettleModel
import Foundation

extension FettleModel.Digest {
    /// The SHA-256 digest (FIPS 180-4) of the bytes.
    static func sha256(of bytes: some DataProtocol) -> FettleModel.Digest {
        FettleModel.Digest(rawValue: SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined())
    }
}
