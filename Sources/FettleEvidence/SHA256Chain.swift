import Crypto
import FettleModel
public import FettleStore

extension LogChain {
    /// The chain by SHA-256 (FIPS 180-4).
    public static let sha256 = LogChain { bytes in
        let digits = Array("0123456789abcdef".utf8)
        let text = SHA256.hash(data: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return FettleModel.Digest(rawValue: String(decoding: text, as: UTF8.self))
    }
}

extension FettleModel.Digest {
    /// Whether it is written as every digest here is: 64 lower-case hexadecimal digits.
    var isWellFormed: Bool {
        rawValue.utf8.count == 64
            && rawValue.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }
}
