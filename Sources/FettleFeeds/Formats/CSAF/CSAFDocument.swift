import FettleModel

/// The parts of a CSAF document that say what is affected.
struct CSAFDocument: Decodable {
    struct Header: Decodable {
        struct Tracking: Decodable {
            var id: String
            var publishedAt: Timestamp?
            var modifiedAt: Timestamp?

            private enum Keys: String, CodingKey {
                case id
                case initialReleaseDate = "initial_release_date"
                case currentReleaseDate = "current_release_date"
            }

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Keys.self)
                id = try container.decode(String.self, forKey: .id)
                publishedAt = container.tolerant(String.self, .initialReleaseDate).flatMap { FeedDates.time($0) }
                modifiedAt = container.tolerant(String.self, .currentReleaseDate).flatMap { FeedDates.time($0) }
            }
        }
        struct Severity: Decodable { var text: String? }
        struct Publisher: Decodable { var namespace: String? }

        var version: String
        var category: String
        var title: String
        var severity: String
        /// The publisher's address, which tells it from others.
        var publisher: String
        var tracking: Tracking

        private enum Keys: String, CodingKey {
            case csafVersion = "csaf_version"
            case category
            case title
            case aggregateSeverity = "aggregate_severity"
            case publisher, tracking
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            version = try container.decode(String.self, forKey: .csafVersion)
            category = container.tolerant(String.self, .category) ?? ""
            title = container.tolerant(String.self, .title) ?? ""
            severity = container.tolerant(Severity.self, .aggregateSeverity)?.text ?? ""
            publisher = container.tolerant(Publisher.self, .publisher)?.namespace ?? ""
            tracking = try container.decode(Tracking.self, forKey: .tracking)
        }
    }

    var document: Header
    var tree: CSAFProductTree
    var vulnerabilities: [CSAFVulnerability]

    private enum Keys: String, CodingKey {
        case document
        case productTree = "product_tree"
        case vulnerabilities
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        document = try container.decode(Header.self, forKey: .document)
        tree = container.tolerant(CSAFProductTree.self, .productTree) ?? CSAFProductTree()
        vulnerabilities = container.elements(CSAFVulnerability.self, .vulnerabilities)
    }
}

struct CSAFVulnerability: Decodable {
    struct Remediation: Decodable {
        var category: String
        var details: String?
        var productIDs: [String]?

        private enum CodingKeys: String, CodingKey {
            case category, details
            case productIDs = "product_ids"
        }
    }
    struct Threat: Decodable {
        var category: String
        var details: String?
    }
    struct Score: Decodable {
        struct Rating: Decodable {
            var vectorString: String
            var baseScore: Double?
        }
        var version4: Rating?
        var version3: Rating?
        var version2: Rating?

        private enum CodingKeys: String, CodingKey {
            case version4 = "cvss_v4"
            case version3 = "cvss_v3"
            case version2 = "cvss_v2"
        }
    }

    var cve: String
    var title: String
    /// By the status's name, such as `known_affected`.
    var statuses: [String: [String]]
    var remediations: [Remediation]
    var threats: [Threat]
    var scores: [Score]

    private enum Keys: String, CodingKey {
        case cve
        case title
        case productStatus = "product_status"
        case remediations
        case threats
        case scores
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        cve = container.tolerant(String.self, .cve) ?? ""
        title = container.tolerant(String.self, .title) ?? ""
        statuses = container.tolerant([String: [String]].self, .productStatus) ?? [:]
        remediations = container.elements(Remediation.self, .remediations)
        threats = container.elements(Threat.self, .threats)
        scores = container.elements(Score.self, .scores)
    }
}
