import FettleDriverKit
import FettleDrivers
import FettleModel
import Testing

extension ChannelTests {
    @Suite struct ShellQuoteTests {
        @Test func plainCases() throws {
            #expect(try shellQuoted("") == "''")
            #expect(try shellQuoted("a b") == "'a b'")
            #expect(try shellQuoted("it's") == "'it'\\''s'")
            #expect(try shellQuoted(["-x", "$(id)"]) == "'-x' '$(id)'")
            #expect(throws: ShellQuoteError.self) { try shellQuoted("a\0b") }
        }

        /// A quote that a combining mark follows is one Character with it, and was let through by a search by
        /// characters.
        @Test func aQuoteUnderACombiningMarkIsAQuote() throws {
            #expect(try shellQuoted("'\u{301};id;'\u{301}").unicodeScalars.filter { $0 == "'" }.count == 8)
        }

        @Test(arguments: 0..<25) func anyWordsComeThroughAShellUnchanged(seed: UInt64) async throws {
            var generator = Seeded(seed: seed)
            let nasty = [
                "'", "\"", "\\", "$", "`", "\n", "\r", "\t", " ", "-", "!", "*", "~", "#", ";", "&", "|", "\u{1B}",
                "\u{7F}",
            ]
            let words = (0..<Int.random(in: 1...12, using: &generator)).map { _ -> String in
                var word = String.UnicodeScalarView()
                for _ in 0..<Int.random(in: 0...30, using: &generator) {
                    if Bool.random(using: &generator), let text = nasty.randomElement(using: &generator) {
                        word.append(contentsOf: text.unicodeScalars)
                    } else if let scalar = Unicode.Scalar(UInt32.random(in: 1...0x1_1000, using: &generator)) {
                        word.append(scalar)
                    }
                }
                return String(word)
            }
            let local = LocalConnection()
            let channel = try await local.channel(to: .local)
            // Twice through a shell: as the words of a script, and the script itself as a word.
            let result = try await channel.run(RemoteCommand(script: "printf '%s\\0' -- " + shellQuoted(words)))
            let expected = (["--"] + words).map { Array($0.utf8) + [0] }.reduce([], +)
            #expect(result.standardOutput == expected)
            await local.shutDown()
        }
    }
}
