import FettleIndex
import FettleModel
import FettleSoftware

/// The second way through a document: builds each definition and passes it on as it ends.
final class OVALDefinitionReader: XMLHandler {
    private let records: OVALRecords
    private let sink: any FeedSink
    private var definition: OVALDefinition?
    private var openCriteria: [Int] = []
    private var cveAttributes: [String: String] = [:]

    init(_ records: OVALRecords, _ sink: any FeedSink) {
        self.records = records
        self.sink = sink
    }

    func interest(in element: String) -> XMLInterest {
        guard definition != nil else {
            return element == "definition" ? .attributes : element == "timestamp" ? .text : []
        }
        return switch element {
        case "reference", "criteria", "criterion", "extend_definition", "issued", "updated", "resolution": .attributes
        case "title", "severity", "platform", "cpe", "date", "public_date", "component": .text
        case "cve": [.attributes, .text]
        default: []
        }
    }

    func opened(_ element: String, _ attributes: [String: String]) throws(FeedError) {
        switch element {
        case "definition":
            definition = OVALDefinition()
            definition?.id = attributes["id"] ?? ""
            definition?.definitionClass = attributes["class"] ?? ""
        case "reference":
            definition?.references.append((attributes["source"] ?? "", attributes["ref_id"] ?? ""))
        case "issued": definition?.issued = FeedDates.time(attributes["date"] ?? "")
        case "updated": definition?.updated = FeedDates.time(attributes["date"] ?? "")
        case "resolution": definition?.resolutions.append((attributes["state"] ?? "", []))
        case "cve": cveAttributes = attributes
        case "criteria", "criterion", "extend_definition": add(element, attributes)
        default: break
        }
    }

    func closed(_ element: String, _ text: String) throws(FeedError) {
        switch element {
        case "timestamp": if let time = FeedDates.time(text) { sink.dated(time) }
        case "title": definition?.title = text
        case "severity": definition?.severity = text
        case "platform": definition?.platforms.append(text)
        case "cpe": definition?.cpes.append(text)
        case "date", "public_date":
            if definition?.issued == nil { definition?.issued = FeedDates.time(text) }
        case "component":
            if let last = definition?.resolutions.indices.last { definition?.resolutions[last].components.append(text) }
        case "cve": take(cve: text)
        case "criteria": _ = openCriteria.popLast()
        case "definition":
            openCriteria = []
            if let definition { try records.take(definition) }
            definition = nil
        default: break
        }
    }

    private func add(_ element: String, _ attributes: [String: String]) {
        guard let count = definition?.nodes.count else { return }
        guard count < OVALDefinition.nodeLimit else {
            definition?.isTooLarge = true
            return
        }
        let isNegated = attributes["negate"] == "true"
        switch element {
        case "criteria":
            let isAny = attributes["operator"] == "OR"
            // An operator other than AND and OR (ONE, XOR) is used by no vendor: its children are not understood.
            let isKnown = isAny || (attributes["operator"] ?? "AND") == "AND"
            definition?.nodes.append(.criteria(isAny: isAny, isNegated: isNegated || !isKnown, children: []))
        case "criterion":
            definition?.nodes.append(
                .criterion(
                    test: attributes["test_ref"] ?? "", comment: attributes["comment"] ?? "", isNegated: isNegated))
        default:
            definition?.nodes.append(
                .criterion(test: "", comment: attributes["comment"] ?? "another definition", isNegated: isNegated))
        }
        if let parent = openCriteria.last,
            case .criteria(let isAny, let isNegated, var children)? = definition?.nodes[parent]
        {
            // Taken out first, so that the list is not copied for each of its thousands of children.
            definition?.nodes[parent] = .criteria(isAny: isAny, isNegated: isNegated, children: [])
            children.append(count)
            definition?.nodes[parent] = .criteria(isAny: isAny, isNegated: isNegated, children: children)
        }
        if element == "criteria" { openCriteria.append(count) }
    }

    private func take(cve text: String) {
        guard AdvisoryNames.isCVE(text), (definition?.cves.count ?? 0) < 20_000 else { return }
        var vectors: [CVSSRating] = []
        for name in ["cvss4", "cvss3", "cvss2"] {
            if let rating = cveAttributes[name].flatMap(OVALRecords.rating) { vectors.append(rating) }
        }
        if vectors.isEmpty, let vector = cveAttributes["cvss_vector"], !vector.isEmpty {
            let score = cveAttributes["cvss_score"].flatMap(Double.init)
            if let rating = OVALRecords.rating("\(score.map { "\($0)/" } ?? "")\(vector)") { vectors.append(rating) }
        }
        definition?.cves.append(
            .init(
                id: text, vectors: vectors, severity: cveAttributes["priority"] ?? cveAttributes["impact"] ?? "",
                publishedAt: cveAttributes["public"].flatMap { FeedDates.time($0) }))
    }
}
