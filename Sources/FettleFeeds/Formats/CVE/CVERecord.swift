internal import FettleIndex
internal import Foundation

/// A CVE record of version 5, as far as it is used (https://cveproject.github.io/cve-schema/schema/docs/).
struct CVERecord: Decodable {
    var cveMetadata: Metadata
    var containers: Containers?

    struct Metadata: Decodable {
        var cveId: String
        var state: String
        var datePublished: String?
        var dateUpdated: String?
    }

    struct Containers: Decodable {
        /// Of the numbering authority that owns the record.
        var cna: Lenient<Container>?
        /// Of those who add to it: CISA, and the CVE Program itself.
        var adp: [Lenient<Container>]?
    }

    struct Container: Decodable {
        var metrics: [Lenient<Metric>]?
        var providerMetadata: Lenient<Provider>?

        var provider: String { providerMetadata?.value?.shortName ?? "" }
    }

    struct Provider: Decodable {
        var shortName: String?
        var dateUpdated: String?
    }

    struct Metric: Decodable {
        var v4: Lenient<Rating>?
        var v31: Lenient<Rating>?
        var v30: Lenient<Rating>?
        var v2: Lenient<Rating>?
        var other: Lenient<Other>?

        enum CodingKeys: String, CodingKey {
            case other
            case v4 = "cvssV4_0"
            case v31 = "cvssV3_1"
            case v30 = "cvssV3_0"
            case v2 = "cvssV2_0"
        }
    }

    struct Rating: Decodable {
        var vectorString: String
        var baseScore: Double?
    }

    /// A metric of a kind of its own; only CISA's are looked into.
    struct Other: Decodable {
        var type: String
        var content: Lenient<Content>?
    }

    struct Content: Decodable {
        /// SSVC: one name and value each.
        var options: [[String: String]]?
        var timestamp: String?
        /// KEV.
        var dateAdded: String?
    }
}
