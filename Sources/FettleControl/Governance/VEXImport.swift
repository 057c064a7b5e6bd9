public import FettleModel
public import FettleSoftware

/// From a VEX document to waivers: what it says is not affected need not be settled. Nothing is mapped that the fleet cannot be
/// asked about, and nothing is widened.
public struct VEXImport: Sendable {
    public var requests: [WaiverService.Request] = []
    /// What makes no waiver, each with the reason.
    public var notMapped: [String] = []

    /// Packages that one waiver is narrowed to at most.
    static let maximumPackages = 10_000

    /// - Parameters:
    ///   - document: somebody's word; its author stands in each waiver's reason.
    ///   - template: who answers for the waivers, until when, and to which part of the fleet they are narrowed.
    ///   - known: waivers that are there already: the same again is left out.
    public init(_ document: VEXDocument, template: WaiverService.Request, known: [Waiver]) {
        notMapped += document.skipped
        var stated = Set(known.filter { $0.kind == .notAffected }.map(\.scope))
        for statement in document.statements {
            guard statement.status == .notAffected else {
                notMapped.append("\(statement.vulnerability) is \(statement.status.rawValue): nothing to waive")
                continue
            }
            for (scope, count) in scopes(of: statement, template: template) {
                guard stated.insert(scope).inserted else {
                    notMapped.append("\(statement.vulnerability): a waiver says so already (\(count) products)")
                    continue
                }
                var request = template
                request.scope = scope
                request.kind = .notAffected
                request.justification = statement.justification
                request.reason = Self.reason(statement, in: document)
                request.origin = document.id
                requests.append(request)
            }
        }
    }

    private static func reason(_ statement: VEXStatement, in document: VEXDocument) -> String {
        let why = [statement.justification?.rawValue.replacing("_", with: " "), statement.words]
            .compactMap { $0 }.filter { !$0.isEmpty }
        return String("\(document.author): \(why.isEmpty ? "not affected" : why.joined(separator: "; "))".prefix(1_000))
    }

    /// One scope for all packages that are named wherever they are; one for each resource that is named.
    private mutating func scopes(
        of statement: VEXStatement, template: WaiverService.Request
    ) -> [(scope: WaiverScope, count: Int)] {
        var packages: [ResourceID?: [WaivedPackage]] = [:]
        var refused: [String: (count: Int, example: String)] = [:]
        for product in statement.products {
            switch Self.package(product) {
            case .success(let package): packages[product.resource, default: []].append(package)
            case .failure(let refusal):
                refused[refusal.reason, default: (0, product.identifier)].count += 1
            }
        }
        if statement.products.isEmpty { notMapped.append("\(statement.vulnerability): it names no product") }
        for (reason, products) in refused.sorted(by: { $0.key < $1.key }) {
            let example = "\(products.count) products such as \(products.example)"
            notMapped.append("\(statement.vulnerability): \(example): \(reason)")
        }
        let subject = WaiverScope.Subject.advisory(
            AdvisoryID(statement.vulnerability), aliases: statement.aliases.prefix(50).map { AdvisoryID($0) })
        return packages.sorted { ($0.key?.rawValue ?? "") < ($1.key?.rawValue ?? "") }.compactMap { resource, named in
            guard named.count <= Self.maximumPackages else {
                notMapped.append("\(statement.vulnerability): more than \(Self.maximumPackages) packages")
                return nil
            }
            var scope = template.scope
            scope.subject = subject
            if let resource {
                // A name with a glob's signs in it would reach further than it says.
                let isAsked = scope.resources.isEmpty || scope.resources == [resource.rawValue]
                guard !Glob.isPattern(resource.rawValue), isAsked else {
                    notMapped.append("\(statement.vulnerability) on \(resource): not in the part that was asked for")
                    return nil
                }
                scope.resources = [resource.rawValue]
            }
            var seen: Set<WaivedPackage> = []
            scope.packages = named.filter { seen.insert($0).inserted }
            return (scope, named.count)
        }
    }

    private struct Refused: Error { var reason: String }

    private static func package(_ product: VEXProduct) -> Result<WaivedPackage, Refused> {
        guard let url = product.package else { return .failure(Refused(reason: "it has no package URL")) }
        let managers: [String: PackageManager] = ["deb": .dpkg, "rpm": .rpm, "apk": .apk]
        guard let manager = managers[url.type] else {
            return .failure(Refused(reason: "findings of a fleet are of deb, rpm and apk packages, not of \(url.type)"))
        }
        guard url.subpath == nil else { return .failure(Refused(reason: "it is about a part of a package")) }
        var release = url.qualifiers["distro"]
        if product.holder != nil, product.resource == nil {
            guard let holder = product.holder.flatMap(EnterpriseLinux.release), release == nil else {
                return .failure(Refused(reason: "it is a part of something that is not in the fleet's facts"))
            }
            release = holder
        }
        // Ubuntu writes the pocket before the release (esm-apps/bionic); the version tells the pocket.
        if let name = release, let slash = name.lastIndex(of: "/") {
            release = String(name[name.index(after: slash)...])
        }
        let architecture = url.qualifiers["arch"].flatMap { name in
            ["source", "src", "all", "noarch", "any"].contains(name) ? nil : name
        }
        let epoch = url.qualifiers["epoch"].map { "\($0):" } ?? ""
        return .success(
            WaivedPackage(
                manager: manager, distribution: url.namespace, release: release, name: url.name,
                version: url.version.map { epoch + $0 }, architecture: architecture))
    }
}

/// Red Hat's VEX names a package as a part of a product, by CPE: `cpe:/o:redhat:enterprise_linux:9::baseos`.
private enum EnterpriseLinux {
    /// nil for every other product, and for those of one minor release only.
    static func release(_ cpe: String) -> String? {
        let parts = cpe.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[0] == "cpe", parts[1] == "/o" || parts[1] == "/a", parts[2] == "redhat",
            parts[3] == "enterprise_linux", (1...99).contains(Int(parts[4]) ?? 0)
        else { return nil }
        return "rhel-\(parts[4])"
    }
}
