import Testing

@testable import FettleDrivers

/// What libvirt gives of a machine can be written by whoever may define one.
@Suite struct XMLElementTests {
    @Test func elementsAttributesAndTextAreRead() throws {
        let root = try XMLElement.parse(
            "<?xml version='1.0'?><!-- <a> --><a b='1 &amp; &#x41;' c=\"'\"> x&lt;y <d/><d e='2'>z</d></a>\n"[...])
        #expect(root.name == "a" && root.attributes == ["b": "1 & A", "c": "'"])
        #expect(root.text.contains("x<y") && root.children(named: "d").map(\.text) == ["", "z"])
        #expect(root.descendants().map(\.name) == ["a", "d", "d"])
        #expect(try XMLElement.parse(root.written[...]).attributes == root.attributes)
    }

    @Test(arguments: [
        "", "<", "<a", "<a>", "</a>", "<a></b>", "<a><b></a></b>", "<a b=1/>", "<a b='1' b='2'/>", "<a b='1/>",
        "<a/><b/>",
        "<a/>x", "x<a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>&b;</a>", "<a>&#x110000;</a>", "<a>&#;</a>",
        "<a><![CDATA[x]]></a>", "<a>&amp</a>", "<a b='&lt'/>", "<1 =''/>", "<a", "<!--", "<?",
    ])
    func whatIsNotWellFormedIsRefused(_ text: String) {
        #expect(throws: FactError.self) { try XMLElement.parse(text[...]) }
    }

    @Test func whatIsTooDeepOrTooLargeIsRefused() {
        let deep = String(repeating: "<a>", count: 100_000)
        #expect(throws: FactError.self) { try XMLElement.parse(deep[...]) }
        let many = "<a>" + String(repeating: "<b/>", count: XMLElement.mostElements) + "</a>"
        #expect(throws: FactError.self) { try XMLElement.parse(many[...]) }
        let long = "<a>" + String(repeating: "x", count: XMLElement.mostBytes) + "</a>"
        #expect(throws: FactError.self) { try XMLElement.parse(long[...]) }
    }

    /// Every beginning of a good description is refused, and none is read as something else.
    @Test func whatWasCutIsRefused() throws {
        let text = LibvirtFixture.domain()
        _ = try XMLElement.parse(text[...])
        for length in stride(from: 0, to: text.count - 1, by: 7) {
            #expect(throws: FactError.self) { try XMLElement.parse(text.prefix(length)) }
        }
    }

    @Test func charactersThatSteerATerminalDoNotComeThrough() throws {
        let root = try XMLElement.parse("<a b='\u{1B}[31m&#27;&#x202E;'/>"[...])
        #expect(root.attributes["b"] == "\u{FFFD}[31m\u{FFFD}\u{FFFD}")
    }
}
