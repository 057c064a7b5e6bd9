/// Writes OVAL documents in the form of one vendor or another: the definitions by hand, the tests, objects and states
/// that they need from a few words.
struct OVALFixture {
    var definitions: [String] = []
    private var tests: [String] = []
    private var count = 0

    /// A criterion on an installed package: `("less than", "0:1.2-3")`; without a state, that it is installed at all.
    mutating func package(
        _ name: String, _ comment: String, _ state: (operation: String, evr: String)? = nil,
        architectures: String? = nil, series: String? = nil, existence: String = "at_least_one_exists",
        kind: String = "rpminfo"
    ) -> String {
        count += 1
        var parts = ""
        if let series { parts += "<version operation=\"pattern match\">\(series)</version>" }
        if let architectures { parts += "<arch operation=\"pattern match\">\(architectures)</arch>" }
        if let state { parts += "<evr datatype=\"evr_string\" operation=\"\(state.operation)\">\(state.evr)</evr>" }
        return add(kind, comment, object: "<name>\(name)</name>", state: parts, "check_existence=\"\(existence)\"")
    }

    mutating func signed(_ name: String) -> String {
        add(
            "rpminfo", "\(name) is signed with the vendor's key", object: "<name>\(name)</name>",
            state: "<signature_keyid operation=\"equals\">199e2f91fd431d51</signature_keyid>", "")
    }

    mutating func release(_ comment: String, check: String = "at least one") -> String {
        add(
            "rpmverifyfile", comment, object: "<filepath>/etc/redhat-release</filepath>",
            state: "<version operation=\"pattern match\">^9</version>", "check=\"\(check)\"")
    }

    mutating func file(_ comment: String, state: String = "<text>x</text>") -> String {
        add("textfilecontent54", comment, object: "<filename>manifest</filename>", state: state, "")
    }

    mutating func kernel(_ comment: String) -> String { add("uname", comment, object: "", state: "", "") }

    private mutating func add(
        _ kind: String, _ comment: String, object: String, state: String, _ attributes: String
    ) -> String {
        count += 1
        let number = count
        let reference = state.isEmpty ? "" : "<x:state state_ref=\"ste:\(number)\"/>"
        tests.append(
            "<x:\(kind)_test id=\"tst:\(number)\" comment=\"\(comment)\" \(attributes)><x:object "
                + "object_ref=\"obj:\(number)\"/>\(reference)</x:\(kind)_test>\n<x:\(kind)_object id=\"obj:\(number)\">"
                + "\(object)</x:\(kind)_object>\n"
                + (state.isEmpty ? "" : "<x:\(kind)_state id=\"ste:\(number)\">\(state)</x:\(kind)_state>\n"))
        return "<criterion test_ref=\"tst:\(number)\" comment=\"\(comment)\"/>"
    }

    mutating func define(
        _ id: String, class kind: String = "patch", title: String = "", metadata: String = "", _ criteria: String
    ) {
        definitions.append(
            "<definition id=\"\(id)\" class=\"\(kind)\"><metadata><title>\n\(title)\n</title>\(metadata)</metadata>"
                + "\(criteria)</definition>")
    }

    var text: String {
        """
        <?xml version="1.0" encoding="utf-8"?>
        <oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" xmlns:x="x">
        <generator><oval:timestamp>2031-08-17T00:34:31</oval:timestamp></generator>
        <definitions>\(definitions.joined(separator: "\n"))</definitions>
        <tests>\(tests.joined())</tests></oval_definitions>
        """
    }

    static func all(_ criteria: String...) -> String { "<criteria operator=\"AND\">\(criteria.joined())</criteria>" }
    static func any(_ criteria: String...) -> String { "<criteria operator=\"OR\">\(criteria.joined())</criteria>" }
    static func reference(_ source: String, _ id: String) -> String {
        "<reference source=\"\(source)\" ref_id=\"\(id)\" ref_url=\"u\"/>"
    }
}
