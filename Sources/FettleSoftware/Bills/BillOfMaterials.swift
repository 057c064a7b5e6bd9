import FettleModel

/// One component of a bill of materials, whatever the format.
struct BillComponent {
    enum Kind {
        case package
        /// The operating system: says which release the packages are of.
        case operatingSystem
        /// A file, a container, a device, or what the bill describes: only where advisories name it.
        case other
    }

    var kind = Kind.package
    var name = ""
    var version = ""
    var urls: [String] = []
    /// What scanners add beside the package URL, by the scanner's own names.
    var properties: [String: String] = [:]

    /// For messages: `name version`, or the URL where there is no name.
    var label: String {
        if name.isEmpty { return urls.first ?? "" }
        return version.isEmpty ? name : "\(name) \(version)"
    }
}

/// Turns components into packages, and finds the platform.
struct BillOfMaterials {
    private var collector = ListCollector()
    private var systems: Set<String> = []
    private var distributions: Set<String> = []

    mutating func add(_ component: BillComponent) {
        switch component.kind {
        case .other: return addNamed(component)
        case .operatingSystem:
            if let name = PlatformName.name(id: component.name, version: component.version) {
                systems.insert(name)
            } else {
                collector.skip(component.label, "the advisories of this operating system are not known")
            }
            return
        case .package: break
        }
        guard !component.urls.isEmpty else { return collector.skip(component.label, "it has no package URL") }
        for text in component.urls {
            guard let url = PackageURL(text) else {
                collector.skip(component.label, "\(ListCollector.shown(text).debugDescription) is no package URL")
                continue
            }
            do throws(PackageURL.Unlisted) {
                add(try url.listed(component.context(type: url.type)), of: url)
            } catch {
                collector.skip(component.label, error.reason)
            }
        }
    }

    /// What need not be a package, where its URL tells that it is one; otherwise there is nothing in it that could be judged.
    private mutating func addNamed(_ component: BillComponent) {
        for text in component.urls {
            guard let url = PackageURL(text), let package = try? url.listed(component.context(type: url.type)) else {
                continue
            }
            add(package, of: url)
        }
    }

    private mutating func add(_ package: ListedPackage, of url: PackageURL) {
        var package = package
        package.platform = url.platform
        collector.add(package)
        if let platform = url.platform { distributions.insert(platform) }
    }

    /// An entry that is of no component's shape.
    mutating func skip(_ entry: some StringProtocol, _ reason: String) {
        collector.skip(entry, reason)
    }

    mutating func addListed(_ package: ListedPackage) {
        collector.add(package)
    }

    mutating func setPlatform(_ name: String) {
        systems.insert(name)
    }

    /// Packages that name their release are judged by it. The others are of the operating system, or where none is told, of the one
    /// release that is named at all; of several it cannot be told which is theirs.
    func finished() throws(Refusal) -> SoftwareList {
        var collector = collector
        let named = systems.isEmpty ? distributions : systems
        collector.setPlatform(named.count == 1 ? named.first : nil)
        return try collector.finished()
    }
}

extension BillComponent {
    /// The source package as syft and Trivy write it beside the URL. Trivy writes version and release apart.
    func context(type: String) -> PackageURL.Context {
        var context = PackageURL.Context(version: version)
        func property(_ name: String) -> String? { properties[name].flatMap { $0.isEmpty ? nil : $0 } }
        context.module =
            (property("aquasecurity:trivy:Modularitylabel") ?? property("syft:metadata:modularityLabel"))
            .flatMap(RpmList.module)
        if let source = property("syft:metadata:source") ?? property("syft:metadata:originPackage") {
            context.source = source
            context.sourceVersion = property("syft:metadata:sourceVersion")
        } else if let source = property("aquasecurity:trivy:SrcName") {
            context.source = source
            if let version = property("aquasecurity:trivy:SrcVersion") {
                let epoch = property("aquasecurity:trivy:SrcEpoch").flatMap { $0 == "0" ? nil : "\($0):" } ?? ""
                let release = property("aquasecurity:trivy:SrcRelease").map { "-\($0)" } ?? ""
                context.sourceVersion = epoch + version + release
            }
        }
        return context
    }
}
