import FettleSoftware

/// The first way through a document: its tests, objects and states.
final class OVALFactsReader: XMLHandler {
    /// More of each than the largest real file has; a document with more is damaged or means harm.
    static let limit = 5_000_000

    private(set) var facts = OVALFacts()
    private var test: (id: String, test: OVALFacts.Test)?
    private var object: Int32?
    private var state: Int32?
    private var operation = ""
    private var isPattern = false
    private var isVulnerability = false
    private var seen: Set<String> = []
    private var hasCVE = false

    func interest(in element: String) -> XMLInterest {
        switch element {
        case "criterion", "criteria", "cve", "cpe": []
        case "definition", "reference", "object", "state": .attributes
        case "name", "evr", "arch", "version", "subexpression", "signature_keyid":
            object != nil || state != nil ? [.attributes, .text] : []
        default: Self.ending(element) == nil ? [] : .attributes
        }
    }

    func opened(_ element: String, _ attributes: [String: String]) throws(FeedError) {
        switch element {
        case "definition":
            isVulnerability = attributes["class"] == "vulnerability"
            hasCVE = false
        case "reference": takeReference(attributes)
        case "object": if let id = attributes["object_ref"] { test?.test.object = facts.object(id) }
        case "state": if let id = attributes["state_ref"] { test?.test.states.append(facts.state(id)) }
        case "name", "evr", "arch", "version", "subexpression", "signature_keyid":
            operation = attributes["operation"] ?? "equals"
            isPattern = operation == "pattern match" || attributes["var_ref"] != nil
        default:
            guard let id = attributes["id"], facts.tests.count < Self.limit else { return }
            switch Self.ending(element) {
            case .test: open(test: element, id, attributes)
            case .object: if facts.objects.count < Self.limit { object = facts.object(id) }
            case .state: if facts.states.count < Self.limit { state = facts.state(id) }
            case nil: break
            }
        }
    }

    func closed(_ element: String, _ text: String) throws(FeedError) {
        switch element {
        case "name": if let object, !isPattern, RpmNames.isName(text) { facts.name(object, text) }
        case "evr", "arch", "version", "subexpression", "signature_keyid": if let state { take(element, text, state) }
        default:
            guard test != nil || object != nil || state != nil else { return }
            switch Self.ending(element) {
            case .test:
                if let test { facts.add(test.test, id: test.id) }
                test = nil
            case .object: object = nil
            case .state: state = nil
            case nil: break
            }
        }
    }

    private enum Ending { case test, object, state }

    /// By bytes, as this is asked of each of millions of elements.
    private static func ending(_ element: String) -> Ending? {
        let bytes = element.utf8
        if bytes.suffix(5).elementsEqual("_test".utf8) { return .test }
        if bytes.suffix(7).elementsEqual("_object".utf8) { return .object }
        return bytes.suffix(6).elementsEqual("_state".utf8) ? .state : nil
    }

    private func open(test element: String, _ id: String, _ attributes: [String: String]) {
        var new = OVALFacts.Test()
        new.isOfPackage = element == "rpminfo_test" || element == "dpkginfo_test"
        new.isOfKernel = element == "uname_test"
        new.isAbsence = attributes["check_existence"] == "none_exist"
        new.isNegative = attributes["check"] == "none satisfy"
        test = (id, new)
    }

    private func take(_ element: String, _ text: String, _ state: Int32) {
        let (operation, isPattern) = (operation, isPattern)
        facts.change(state) { state in
            switch element {
            // Ubuntu reads the versions out of a list of what is installed, as a part of each line.
            case "evr", "subexpression": (state.evr, state.operation) = (text, operation)
            case "arch": state.architecture = text
            case "version" where isPattern: state.series = text
            case "signature_keyid": state.isSignature = true
            default: state.isForeign = true
            }
        }
    }

    private func takeReference(_ attributes: [String: String]) {
        if attributes["source"] == "Package" { facts.isByPackage = true }
        guard isVulnerability, !hasCVE, let id = attributes["ref_id"], AdvisoryNames.isCVE(id) else { return }
        hasCVE = true
        if !seen.insert(id).inserted { facts.repeated.insert(id) }
    }
}
