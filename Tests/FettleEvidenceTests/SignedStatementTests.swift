import FettleModel
import Testing

@testable import FettleEvidence

@Suite struct SignedStatementTests {
    private struct Said: Codable, Equatable {
        var words: String
        var count: Int
    }

    private static let said = Said(words: "line\nand \u{1b}[2J more", count: 3)

    @Test func whatWasSignedIsReadBackByWhoeverTrustsTheKey() throws {
        let key = try SigningKey()
        let bytes = try SignedStatement.write(Self.said, form: "form-v1", key: key)
        let read = try SignedStatement.read(Said.self, from: bytes, form: "form-v1", trusting: [key.verifying])
        #expect(read.value == Self.said)
        #expect(read.signer == key.verifying.name)
    }

    @Test func everyBitCounts() throws {
        let key = try SigningKey()
        let bytes = try SignedStatement.write(Self.said, form: "form-v1", key: key)
        for index in bytes.indices {
            for bit in 0..<8 {
                var altered = bytes
                altered[index] ^= 1 << bit
                #expect(throws: EvidenceError.self, "byte \(index), bit \(bit)") {
                    _ = try SignedStatement.read(Said.self, from: altered, form: "form-v1", trusting: [key.verifying])
                }
            }
        }
        for altered in [bytes + [0x0A], bytes + [0x20], Array(bytes.dropLast()), Array(bytes.dropFirst()), []] {
            #expect(throws: EvidenceError.self) {
                _ = try SignedStatement.read(Said.self, from: altered, form: "form-v1", trusting: [key.verifying])
            }
        }
    }

    @Test func aStrangersKeyAndAnotherFormAreRefused() throws {
        let (key, other) = (try SigningKey(), try SigningKey())
        let bytes = try SignedStatement.write(Self.said, form: "form-v1", key: key)
        for (form, keys) in [("form-v1", [other.verifying]), ("form-v1", []), ("form-v2", [key.verifying])] {
            #expect(throws: EvidenceError.self) {
                _ = try SignedStatement.read(Said.self, from: bytes, form: form, trusting: keys)
            }
        }
    }
}
