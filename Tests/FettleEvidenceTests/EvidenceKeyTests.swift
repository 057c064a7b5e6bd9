import FettleModel
import FettleStore
import Foundation
import Testing

@testable import FettleEvidence

@Suite struct EvidenceKeyTests {
    @Test func aKeyReadsBackFromItsText() throws {
        let key = try SigningKey()
        let again = try SigningKey(pem: key.pem)
        #expect(again.verifying == key.verifying)
        #expect(try VerifyingKey(pem: key.verifying.pem) == key.verifying)
        #expect(key.verifying.verifies(try again.signature(of: [1, 2]), of: [1, 2]))
        #expect(!key.verifying.verifies(try again.signature(of: [1, 2]), of: [1, 3]))
    }

    /// RFC 8032, section 7.1, test 1: the signature of nothing.
    @Test func keysAndSignaturesAreThoseOfTheStandard() throws {
        let key = try SigningKey(
            pem: """
                -----BEGIN PRIVATE KEY-----
                MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
                -----END PRIVATE KEY-----
                """)
        #expect(key.verifying.pem.contains("MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="))
        #expect(
            key.verifying.verifies(
                [UInt8](
                    Data(
                        base64Encoded:
                            "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="
                    ) ?? Data()), of: []))
    }

    @Test(arguments: [
        "", "x", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END EC PRIVATE KEY-----\n",
        String(repeating: "-----BEGIN PRIVATE KEY-----\n", count: 1_000),
    ])
    func whatIsNoKeyIsToldWithoutBeingQuoted(text: String) {
        for error in [
            #expect(throws: EvidenceError.self, performing: { _ = try SigningKey(pem: text) }),
            #expect(throws: EvidenceError.self, performing: { _ = try VerifyingKey(pem: text) }),
        ] {
            #expect(error?.code == .key)
            #expect(text.isEmpty || text == "x" || error?.message.contains(text) == false)
        }
    }

    @Test func aHeadReadsBackAndEveryFlippedBitIsCaught() throws {
        let key = try SigningKey()
        let head = try SignedHead(sequence: 17, link: LogChain.sha256.digest([1]), key: key)
        let line = Array(head.line.utf8)
        #expect(try SignedHead(line: head.line, trusting: [key.verifying]) == head)
        for place in line.indices {
            for bit in 0..<8 {
                var altered = line
                altered[place] ^= 1 << bit
                let text = String(decoding: altered, as: UTF8.self)
                #expect(throws: EvidenceError.self) { _ = try SignedHead(line: text, trusting: [key.verifying]) }
            }
        }
        let error = #expect(throws: EvidenceError.self) { _ = try SignedHead(line: head.line, trusting: []) }
        #expect(error?.code == .unknownSigner)
    }
}
