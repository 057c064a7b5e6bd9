internal import Crypto

/// Digests of what comes in pieces.
struct StreamingDigest {
    private var short = SHA256()
    private var long: SHA512?
    private(set) var count: Int64 = 0

    init(withSHA512: Bool = false) { long = withSHA512 ? SHA512() : nil }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        short.update(bufferPointer: bytes)
        long?.update(bufferPointer: bytes)
        count += Int64(bytes.count)
    }

    var sha256: String { Self.hexadecimal(short.finalize()) }
    var sha512: String? { long.map { Self.hexadecimal($0.finalize()) } }

    static func sha256(_ bytes: some Sequence<UInt8>) -> String {
        var digest = StreamingDigest()
        Array(bytes).withUnsafeBytes { digest.update($0) }
        return digest.sha256
    }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
