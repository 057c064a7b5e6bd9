import Foundation
import Testing

@testable import FettleFeeds

@Suite struct JSONEndingTests {
    private func ending(_ text: some StringProtocol) -> JSONEnding {
        Data(text.utf8).withUnsafeBytes { JSONEnding(of: $0) }
    }

    @Test func wholeIsWhatIsWhole() {
        for text in [
            "", " \n", "{}", "[]", "[1, -2.5e3, \"a\\\"\", true, false, null, {\"b\": []}]", "{\"a\": {\"b\": [1]}}",
            "\u{FEFF}{}", "1", "{\"a\": 1}\n{\"b\": 2}\n",
        ] {
            #expect(ending(text) == .whole, "\(text)")
        }
    }

    @Test func everyBeginningOfADocumentIsCutOff() {
        let text = #"{"a": [1.5, "x\"y", true], "b": {"c": null}, "d": -20e1}"#
        for length in 1..<text.count { #expect(ending(text.prefix(length)) == .cutOff, "\(text.prefix(length))") }
        #expect(ending(text) == .whole)
        #expect(ending(text + "\n" + text.dropLast()) == .cutOff)
    }

    @Test func whatWasNeverJSONIsTold() {
        for (text, place) in [
            ("[checksums]\n", 1), ("[[package]]\nname = 1\n", 2), ("{ // a\n}", 2), ("{\"a\" 1}", 5), ("[1 2]", 3),
            ("[1}", 2), ("{\"a\": tru}", 6), ("{1: 2}", 1), ("[,", 1), ("[1,]", 3), ("]", 0), ("hello", 0),
            (String(repeating: "[", count: 65), 64),
        ] {
            #expect(ending(text) == .wrong(at: place), "\(text)")
        }
    }
}
