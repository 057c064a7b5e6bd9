public import FettleModel
import Foundation

/// Statements on whether weaknesses matter where software is used (Vulnerability Exploitability eXchange), of whichever format.
public struct VEXDocument: Sendable, Equatable {
    /// A URI in OpenVEX, the tracking id in CSAF.
    public var id: String
    public var author: String
    public var issuedAt: Timestamp
    public var statements: [VEXStatement]
    /// Statements that could not be read, each with the reason.
    public var skipped: [String]

    public init(
        id: String, author: String, issuedAt: Timestamp, statements: [VEXStatement], skipped: [String] = []
    ) {
        self.id = id
        self.author = author
        self.issuedAt = issuedAt
        self.statements = statements
        self.skipped = skipped
    }
}

public struct VEXStatement: Sendable, Equatable {
    /// Its main name, such as a CVE.
    public var vulnerability: String
    public var aliases: [String]
    public var status: Status
    public var justification: VEXJustification?
    /// Why it is so, or what is done about it, in words; empty if nothing is said.
    public var words: String
    /// For what is affected: whether something else stands in the way.
    public var isMitigated: Bool
    public var products: [VEXProduct]

    public init(
        vulnerability: String, aliases: [String] = [], status: Status, justification: VEXJustification? = nil,
        words: String = "", isMitigated: Bool = false, products: [VEXProduct]
    ) {
        self.vulnerability = vulnerability
        self.aliases = aliases
        self.status = status
        self.justification = justification
        self.words = words
        self.isMitigated = isMitigated
        self.products = products
    }

    /// In OpenVEX's words.
    public enum Status: String, Sendable, CaseIterable {
        case notAffected = "not_affected"
        case affected, fixed
        case underInvestigation = "under_investigation"
    }
}

/// What a statement is about: a package, or a package as a part of something.
public struct VEXProduct: Sendable, Hashable {
    /// As the document names it.
    public var identifier: String
    public var package: PackageURL?
    /// What the package is a part of: a URI, a CPE, or the document's own name for it; nil if it is a product by itself.
    public var holder: String?

    public init(identifier: String, package: PackageURL?, holder: String? = nil) {
        self.identifier = identifier
        self.package = package
        self.holder = holder
    }

    /// A package wherever it is, or on one resource of a fleet.
    public init(_ package: PackageURL, on resource: ResourceID? = nil) {
        self.init(
            identifier: package.description, package: package,
            holder: resource.map { Self.resourcePrefix + PackageURL.encoded($0.rawValue) })
    }

    /// The resource of a fleet that the package is on, if the document names one.
    public var resource: ResourceID? {
        guard let holder, holder.hasPrefix(Self.resourcePrefix) else { return nil }
        return holder.dropFirst(Self.resourcePrefix.count).removingPercentEncoding.map { ResourceID($0) }
    }

    /// How a resource is named to the outside.
    static let resourcePrefix = "urn:fettle:resource:"
}
