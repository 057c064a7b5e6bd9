import FettleIndex
import FettleSoftware

/// The products of a CSAF document: a tree of branches whose leaves are releases and packages, and relationships that
/// say which package is part of which release.
struct CSAFProductTree: Decodable {
    struct Product {
        var name: String
        var cpe: String?
        var url: PackageURL?
    }

    /// By product id.
    private(set) var products: [String: Product] = [:]
    private var parts: [String: (component: String, whole: String)] = [:]

    init() {}

    private enum Keys: String, CodingKey {
        case branches
        case relationships
        case fullProductNames = "full_product_names"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        for branch in container.elements(Branch.self, .branches) {
            branch.forEachProduct { products[$0.id] = Product($0) }
        }
        for product in container.elements(FullProduct.self, .fullProductNames) {
            products[product.id] = Product(product)
        }
        for relationship in container.elements(Relationship.self, .relationships) {
            parts[relationship.product.id] = (
                relationship.component, relationship.whole
            )
        }
    }

    /// A package of a release.
    struct Part {
        var package: Product
        var packageID: String
        var ecosystem: Ecosystem
        /// `name:stream`, where the package is part of a module that is part of the release.
        var module: String?
    }

    enum Found {
        case part(Part)
        /// A product that is none of a distribution's packages: nothing to match by.
        case other
        /// An id that the tree doesn't have.
        case missing
    }

    /// Follows relationships upwards, at most eight: real ones are of two.
    func find(_ id: String) -> Found {
        guard parts[id] != nil else { return products[id] == nil ? .missing : .other }
        var module: String?
        var ecosystem: Ecosystem?
        var package: (Product, String)?
        var pending = [(id: id, isWhole: false)]
        var steps = 0
        while let next = pending.popLast(), steps < 8 {
            steps += 1
            if let (component, whole) = parts[next.id] {
                // The whole is looked at first, so that the innermost component comes last and is the package.
                pending.append((component, next.isWhole))
                pending.append((whole, true))
                continue
            }
            guard let product = products[next.id] else { return .missing }
            if let told = Self.module(product) {
                module = told
            } else if next.isWhole {
                ecosystem = product.release ?? ecosystem
            } else {
                package = (product, next.id)
            }
        }
        guard let package, let ecosystem else { return .other }
        return .part(Part(package: package.0, packageID: package.1, ecosystem: ecosystem, module: module))
    }

    /// `pkg:rpmmod/redhat/nodejs@18:8090020231206112345:a75119d5`, or by its name
    /// `nodejs:18:8090020231206112345:a75119d5`.
    private static func module(_ product: Product) -> String? {
        if let url = product.url {
            let stream = (url.version ?? "").prefix { $0 != ":" }
            return url.type == "rpmmod" ? ModuleStream.label(name: url.name[...], stream: stream) : nil
        }
        let parts = product.name.split(separator: ":")
        let isBuild = (3...4).contains(parts.count) && parts[2].utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isBuild && product.cpe == nil ? ModuleStream.label(name: parts[0], stream: parts[1]) : nil
    }
}

extension CSAFProductTree.Product {
    fileprivate init(_ product: FullProduct) {
        name = product.name ?? product.id
        cpe = product.helper?.cpe
        url = product.helper?.purl.flatMap { PackageURL($0) }.flatMap { RpmNames.isName($0.name) ? $0 : nil }
    }

    /// The release that this product is; by its CPE, or where it has none, by its name.
    fileprivate var release: Ecosystem? {
        if let cpe { return PlatformCPE.ecosystem(cpe: cpe) }
        return ProductNames.ecosystem(name)
    }
}

private struct FullProduct: Decodable {
    struct Helper: Decodable {
        var cpe: String?
        var purl: String?
    }
    var name: String?
    var id: String
    var helper: Helper?

    private enum CodingKeys: String, CodingKey {
        case name
        case id = "product_id"
        case helper = "product_identification_helper"
    }
}

private struct Relationship: Decodable {
    var product: FullProduct
    var component: String
    var whole: String

    private enum CodingKeys: String, CodingKey {
        case product = "full_product_name"
        case component = "product_reference"
        case whole = "relates_to_product_reference"
    }
}

private struct Branch: Decodable {
    /// The standard's own example has 5 levels, vendors have 4; each level is two keys of the path.
    static let depthLimit = 32

    var product: FullProduct?
    var branches: [Branch]

    private enum Keys: String, CodingKey { case product, branches }

    init(from decoder: any Decoder) throws {
        guard decoder.codingPath.count <= 2 * Self.depthLimit else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "branches are nested too deep"))
        }
        let container = try decoder.container(keyedBy: Keys.self)
        product = container.tolerant(FullProduct.self, .product)
        branches = container.elements(Branch.self, .branches)
    }

    func forEachProduct(_ body: (FullProduct) -> Void) {
        if let product { body(product) }
        for branch in branches { branch.forEachProduct(body) }
    }
}
