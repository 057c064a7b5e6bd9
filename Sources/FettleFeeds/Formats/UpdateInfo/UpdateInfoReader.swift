import FettleIndex
import FettleModel
import FettleSoftware

/// Builds an advisory from each `<update>` as it goes by.
final class UpdateInfoReader: XMLHandler {
    private let sink: any FeedSink
    private var notice: UpdateNotice?
    private var isInPackage = false
    private(set) var isUpdateInfo = false
    /// Notices whose distribution was told, and the first whose was not.
    private(set) var placedCount = 0
    private(set) var unplaced: String?

    init(_ sink: any FeedSink) { self.sink = sink }

    func interest(in element: String) -> XMLInterest {
        switch element {
        case "update", "issued", "updated", "reference", "collection", "module", "package": .attributes
        case "id", "title", "release", "severity": notice != nil && !isInPackage ? .text : []
        case "name": isInPackage ? [] : .text
        default: []
        }
    }

    func opened(_ element: String, _ attributes: [String: String]) throws(FeedError) {
        switch element {
        case "updates": isUpdateInfo = true
        case "update":
            notice = UpdateNotice()
            notice?.from = attributes["from"] ?? ""
            notice?.type = (attributes["type"] ?? "").lowercased()
            notice?.status = (attributes["status"] ?? "").lowercased()
        case "issued": notice?.issued = attributes["date"] ?? ""
        case "updated": notice?.updated = attributes["date"] ?? ""
        case "reference": take(reference: attributes)
        case "collection": notice?.collections.append(.init(short: attributes["short"] ?? ""))
        case "module": take(module: attributes)
        case "package":
            isInPackage = true
            take(package: attributes)
        default: break
        }
    }

    func closed(_ element: String, _ text: String) throws(FeedError) {
        switch element {
        case "id": notice?.id = text
        case "title": notice?.title = text
        case "release": notice?.release = text
        case "severity": notice?.severity = text
        case "package": isInPackage = false
        case "name":
            if let last = notice?.collections.indices.last { notice?.collections[last].name = text }
        case "update":
            if let notice { try hand(over: notice) }
            notice = nil
        default: break
        }
    }

    private func take(reference: [String: String]) {
        guard (notice?.cves.count ?? 0) + (notice?.cvesInTitles.count ?? 0) < 20_000 else { return }
        let id = reference["id"] ?? ""
        if reference["type"]?.lowercased() == "cve", AdvisoryNames.isCVE(id) {
            notice?.cves.append(id)
            return
        }
        let words = (reference["title"] ?? "").split { !$0.isLetter && !$0.isNumber && $0 != "-" }
        for word in words where AdvisoryNames.isCVE(word) { notice?.cvesInTitles.append(String(word)) }
    }

    private func take(module: [String: String]) {
        guard let last = notice?.collections.indices.last else { return }
        let name = Substring(module["name"] ?? "")
        let stream = Substring(module["stream"] ?? "")
        notice?.collections[last].module = ModuleStream.label(name: name, stream: stream)
    }

    private func take(package: [String: String]) {
        guard let last = notice?.collections.indices.last else { return }
        notice?.packageCount += 1
        guard let count = notice?.packageCount, count <= UpdateNotice.packageLimit else { return }
        notice?.collections[last].packages.append(
            .init(
                name: package["name"] ?? "", epoch: package["epoch"] ?? "", version: package["version"] ?? "",
                release: package["release"] ?? "", architecture: package["arch"] ?? ""))
    }

    private func hand(over notice: UpdateNotice) throws(FeedError) {
        guard AdvisoryNames.isID(notice.id) else {
            sink.skipped(String(notice.title.prefix(80)), because: "the notice has no id")
            return
        }
        guard notice.packageCount <= UpdateNotice.packageLimit else {
            sink.skipped(notice.id, because: "it names \(notice.packageCount) packages, more than any real notice")
            return
        }
        var groups = AffectedGroups()
        var isPlaced = false
        for collection in notice.collections {
            // The packages of a collection have few releases between them, and to tell the place takes many looks at
            // its names.
            var places: [String: Ecosystem?] = [:]
            for package in collection.packages where !RpmNames.isOfSources(package.architecture) {
                let place =
                    places[package.release]
                    ?? UpdateInfoPlatform.ecosystem(notice, collection, release: package.release)
                places[package.release] = .some(place)
                guard let ecosystem = place else { continue }
                isPlaced = true
                add(package, of: collection, in: ecosystem, notice, to: &groups)
            }
        }
        let packages = groups.packages
        if !isPlaced, notice.packageCount > 0, !notice.collections.allSatisfy(\.isOfSourcesOnly) {
            unplaced = unplaced ?? notice.id
            sink.skipped(notice.id, because: "it doesn't tell its distribution and release")
            return
        }
        placedCount += 1
        let record = notice.record(packages)
        if let time = record.modifiedAt ?? record.publishedAt { sink.dated(time) }
        try sink.advisory(record)
    }

    private func add(
        _ package: UpdateNotice.Package, of collection: UpdateNotice.Collection, in ecosystem: Ecosystem,
        _ notice: UpdateNotice, to groups: inout AffectedGroups
    ) {
        let epoch = package.epoch.isEmpty ? "" : "\(package.epoch):"
        guard RpmNames.isName(package.name), !package.release.isEmpty,
            let fixed = RpmNames.version("\(epoch)\(package.version)-\(package.release)")
        else {
            sink.skipped(
                "\(notice.id) \(package.name.prefix(80))", because: "the package's name or version is malformed")
            return
        }
        let affected = AffectedPackage.below(fixed, of: package.name, in: ecosystem)
        let isAny = package.architecture.isEmpty || package.architecture == "noarch"
        for affected in Self.ofStreams(affected, collection, notice) {
            groups.add(affected, architectures: isAny ? [] : [package.architecture])
        }
    }

    /// The package in the stream of its collection, or in each that the title names.
    private static func ofStreams(
        _ package: AffectedPackage, _ collection: UpdateNotice.Collection, _ notice: UpdateNotice
    ) -> [AffectedPackage] {
        var package = package
        if collection.module == nil, ModuleStream.isModular(package) {
            let modules = notice.modulesInTitle
            if !modules.isEmpty {
                return modules.map { module in
                    package.module = module
                    return package
                }
            }
            // Below this version lie the other streams too, fixed or not: that is for nobody to guess.
            package.status = .unknown
            package.remark = "the module's stream is not named"
        }
        package.module = collection.module
        return [package]
    }
}

extension UpdateNotice.Collection {
    fileprivate var isOfSourcesOnly: Bool {
        packages.allSatisfy { RpmNames.isOfSources($0.architecture) }
    }
}
