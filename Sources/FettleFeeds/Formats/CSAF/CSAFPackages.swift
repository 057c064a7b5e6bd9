import FettleIndex
import FettleSoftware
import FettleVersions

/// Turns lists of product ids into what is affected.
struct CSAFPackages {
    private let tree: CSAFProductTree
    private var groups = AffectedGroups()
    /// The lowest fixed version of each package, by everything but its version.
    private var lowest: [CSAFPackage: String] = [:]
    private var order: [CSAFPackage] = []
    private(set) var missingCount = 0
    private(set) var firstMissing = ""
    private(set) var malformedCount = 0
    private(set) var firstMalformed = ""

    init(_ tree: CSAFProductTree) { self.tree = tree }

    /// A VEX names every build that has the fix: the first of a release had it already, so below that one is affected
    /// and above it is not, whatever was built later.
    mutating func addFixed(_ ids: [String]) {
        for id in ids {
            guard let package = package(id), let version = package.version else { continue }
            var key = package
            key.version = nil
            if key.module == nil, package.isOfUnnamedStream { key.module = "" }
            if let known = lowest[key] {
                if key.ecosystem.scheme.compare(version, known) == .less { lowest[key] = version }
            } else {
                lowest[key] = version
                order.append(key)
            }
        }
    }

    mutating func add(_ ids: [String], _ status: AffectedStatus, remarks: [String: String]) {
        for id in ids {
            guard let package = package(id) else { continue }
            var entry = package.entry(status, remark: remarks[id] ?? "")
            // Of a build, only that it is so; of a package without a version, that it is so in all.
            if let version = package.version {
                entry.versions = [version]
            } else {
                entry.intervals = [VersionInterval(lower: nil, upper: nil)]
            }
            groups.add(entry, architectures: package.architectureList)
        }
    }

    var packages: [AffectedPackage] {
        var all = AffectedGroups()
        for key in order {
            guard let version = lowest[key] else { continue }
            var entry = AffectedPackage.below(version, of: key.name, in: key.ecosystem)
            entry.module = key.module
            if key.module?.isEmpty == true {
                // Below this version lie the module's other streams too, fixed or not: that is for nobody to guess.
                entry.module = nil
                entry.status = .unknown
                entry.remark = "the module's stream is not named"
            }
            all.add(entry, architectures: key.architectureList)
        }
        return all.packages + groups.packages
    }

    private mutating func package(_ id: String) -> CSAFPackage? {
        switch tree.find(id) {
        case .part(let part):
            let package = CSAFPackage(part)
            if package == nil, part.isExpectedToBeReadable {
                if malformedCount == 0 { firstMalformed = id }
                malformedCount += 1
            }
            return package
        case .other: return nil
        case .missing:
            if missingCount == 0 { firstMissing = id }
            missingCount += 1
            return nil
        }
    }
}

extension CSAFProductTree.Part {
    /// Sources and container images are left out on purpose.
    fileprivate var isExpectedToBeReadable: Bool {
        if packageID.hasSuffix(".src") || packageID.hasSuffix(".nosrc") { return false }
        guard let url = package.url else { return true }
        return url.type == "rpm" && url.qualifiers["arch"] != "src"
    }
}
