import Foundation
import Testing

@testable import FettleSoftware

/// Writes down what it is told.
private final class Recorder: XMLHandler {
    struct Stop: Error {}

    var heard: [String] = []
    var problem: String?

    func interest(in element: String) -> XMLInterest { element.hasPrefix("skip") ? [] : [.attributes, .text] }

    func opened(_ element: String, _ attributes: [String: String]) throws(Stop) {
        if element == "stop" { throw Stop() }
        heard.append(
            ([element] + attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(separator: " "))
    }

    func closed(_ element: String, _ text: String) throws(Stop) { heard.append("/\(element) \(text)") }

    static func read(_ text: String) -> Recorder { read(Data(text.utf8)) }

    static func read(_ data: Data) -> Recorder {
        let recorder = Recorder()
        do {
            try XMLReader.read(data, into: recorder) { problem in
                recorder.problem = problem.description
                return Stop()
            }
        } catch {
            recorder.heard.append("stopped")
        }
        return recorder
    }
}

@Suite("The reader of XML")
struct XMLReaderTests {
    @Test("Elements are told one after another, without prefixes, with entities and CDATA resolved")
    func elements() {
        let text = """
            \u{FEFF}<?xml version="1.0"?><!-- <no> --><a:bom x:one='1' two = "&lt;&#x41;&#66;">
              <name> p &amp; <![CDATA[<q>]]> </name><empty/><skip one="1">not &unknown;<in>kept</in></skip>
            </a:bom><!-- end -->
            """
        let told = Recorder.read(text)
        #expect(told.problem == nil)
        #expect(
            told.heard == [
                "bom one=1 two=<AB", "name", "/name p & <q>", "empty", "/empty ", "skip", "in", "/in kept", "/skip ",
                "/bom ",
            ])
        #expect(XMLReader.root(Data(text.utf8).prefix(60)) == "bom")
    }

    @Test(
        "What is not well-formed is refused with the place",
        arguments: [
            ("", "ends early"), ("<a>", "ends early"), ("<a", "ends early"), ("a<a/>", "outside of its first"),
            ("<a/>b", "outside of its first"), ("<a/><b/>", "behind its first"), ("<a></b>", "not open"),
            ("<![CDATA[a]]><a/>", "outside of its first"), ("<a b='1' b='2'/>", "given twice"),
            ("<a b='1'c='2'/>", "without a space"), ("<a b=1/>", "without quotes"), ("<a b/>", "without a value"),
            ("<a b='<'/>", "isn't closed"), ("<a>\n&b;</a>", "(line 2)"), ("<a>&#xD800;</a>", "entity"),
            ("<a>&#+65;</a>", "entity"), ("<a>&#0;</a>", "entity"), ("<1/>", "without a name"),
            ("< a/>", "without a name"),
            ("<!DOCTYPE a><a/>", "DOCTYPE"), ("<a><!ELEMENT b></a>", "declaration"),
            ("<?xml version='1.0' encoding='latin1'?><a/>", "latin1"), ("<\0a\0/\0>\0", "UTF-8"),
        ])
    func refused(text: String, expected: String) {
        let problem = Recorder.read(text).problem ?? "nothing"
        #expect(problem.contains(expected), "\(problem)")
    }

    @Test("Depth, attributes and texts are bounded")
    func bounds() {
        #expect(Recorder.read(String(repeating: "<a>", count: 100_000)).problem?.contains("128 deep") == true)
        let attributes = (0..<65).map { " a\($0)='1'" }.joined()
        #expect(Recorder.read("<a\(attributes)/>").problem?.contains("more than 64") == true)
        #expect(Recorder.read("<\(String(repeating: "a", count: 300))/>").problem?.contains("without a name") == true)
        let long = String(repeating: "&amp;", count: 70_000)
        #expect(Recorder.read("<a>\(long)</a>").heard.last?.utf8.count == 65_536 + 3)
    }

    @Test("What the handler throws ends the reading and is what is thrown")
    func stops() {
        let told = Recorder.read("<a><stop/><b/></a>")
        #expect(told.heard == ["a", "stopped"] && told.problem == nil)
    }

    @Test("Bytes that are no UTF-8 are replaced, in names, attributes and texts")
    func brokenText() {
        let told = Recorder.read(Data("<a b='".utf8) + [0xFF] + Data("'>".utf8) + [0xC3] + Data("</a>".utf8))
        #expect(told.problem == nil && told.heard == ["a b=\u{FFFD}", "/a \u{FFFD}"])
    }
}
