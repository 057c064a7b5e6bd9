import FettleModel

/// Packages, their builds and their columns.
extension FleetStore {
    private typealias Field = FleetArray.Build
    private typealias Package = FleetArray.Package
    private typealias Column = FleetArray.Column
    private typealias Text = FleetArray.Text

    /// A build by the numbers of its texts, which is what it is known by.
    struct BuildKey: Equatable {
        var name: UInt32
        var architecture: UInt32
        var space: UInt32
        var ecosystem: UInt32
        var version: UInt32
        var source: UInt32
        var sourceVersion: UInt32
        /// + 1.
        var module: UInt32
    }

    struct PackageKey: Equatable {
        var name: UInt32
        var architecture: UInt32
        var space: UInt32
        var part: UInt32
    }

    // MARK: Builds

    func key(_ package: ListedPackage, platform: UInt32) throws(IndexError) -> BuildKey {
        let name = try intern(package.name)
        let version = try intern(package.version)
        let ecosystem: UInt32
        let space: UInt32
        switch package.origin {
        case .system(let manager):
            ecosystem = platform
            space = Self.space(of: manager)
        case .registry(let registry):
            ecosystem = try intern(registry)
            space = ecosystem &+ Self.registrySpace
        }
        return BuildKey(
            name: name, architecture: try intern(package.architecture), space: space, ecosystem: ecosystem,
            version: version, source: package.source == package.name ? name : try intern(package.source),
            sourceVersion: package.sourceVersion == package.version ? version : try intern(package.sourceVersion),
            module: try package.module.map { module throws(IndexError) in try intern(module) + 1 } ?? 0)
    }

    static let registrySpace: UInt32 = 256

    private static func space(of manager: PackageManager) -> UInt32 {
        switch manager {
        case .dpkg: 1
        case .rpm: 2
        case .apk: 3
        }
    }

    private func origin(_ space: UInt32, _ ecosystem: UInt32) throws(IndexError) -> ListedPackage.Origin {
        switch space {
        case 1: return .system(.dpkg)
        case 2: return .system(.rpm)
        case 3: return .system(.apk)
        case Self.registrySpace...: return .registry(try text(ecosystem))
        default: throw damaged("a package is of no known manager")
        }
    }

    func intern(_ key: BuildKey) throws(IndexError) -> UInt32 {
        if let known = build(with: key) { return known }
        let package = try packageWithRoom(key)
        let (number, place) = try append(.builds)
        let packagePlace = try element(.packages, package)
        let local = file.load(packagePlace + Package.count, as: UInt32.self) + 1
        try append(UInt32(number), toListAt: packagePlace)
        file.store(package, at: place + Field.package)
        file.store(key.ecosystem, at: place + Field.ecosystem)
        file.store(key.version, at: place + Field.version)
        file.store(key.source, at: place + Field.source)
        file.store(key.sourceVersion, at: place + Field.sourceVersion)
        file.store(key.module, at: place + Field.module)
        file.store(UInt16(truncatingIfNeeded: local), at: place + Field.local)
        let source = try element(.texts, key.source) + Text.firstBuild
        file.store(file.load(source, as: UInt32.self), at: place + Field.next)
        file.store(UInt32(number + 1), at: source)
        try insert(hash(of: key), UInt32(number), into: .builds)
        return UInt32(number)
    }

    private func hash(of key: BuildKey) -> UInt32 { withUnsafeBytes(of: key) { hash($0) } }

    func build(with key: BuildKey) -> UInt32? { find(hash(of: key), in: .builds) { self.key(ofBuild: $0) == key } }

    /// Nil if there is no such build, or its package is not there.
    func key(ofBuild number: UInt32) -> BuildKey? {
        guard let place = place(.builds, Int(number)),
            let package = self.place(.packages, Int(file.load(place + Field.package, as: UInt32.self)))
        else { return nil }
        return BuildKey(
            name: file.load(package + Package.name), architecture: file.load(package + Package.architecture),
            space: file.load(package + Package.space), ecosystem: file.load(place + Field.ecosystem),
            version: file.load(place + Field.version), source: file.load(place + Field.source),
            sourceVersion: file.load(place + Field.sourceVersion), module: file.load(place + Field.module))
    }

    func build(_ number: UInt32) throws(IndexError) -> FleetBuild {
        let place = try element(.builds, number)
        let package = try element(.packages, file.load(place + Field.package, as: UInt32.self))
        let ecosystem: UInt32 = file.load(place + Field.ecosystem)
        let origin = try origin(file.load(package + Package.space), ecosystem)
        let module: UInt32 = file.load(place + Field.module)
        var platform = ""
        if case .system = origin { platform = try text(ecosystem) }
        return FleetBuild(
            number: number, platform: platform,
            package: ListedPackage(
                origin: origin, name: try text(file.load(package + Package.name)),
                architecture: try text(file.load(package + Package.architecture)),
                version: try text(file.load(place + Field.version)), source: try text(file.load(place + Field.source)),
                sourceVersion: try text(file.load(place + Field.sourceVersion)),
                module: module == 0 ? nil : try text(module - 1)))
    }

    // MARK: Packages

    /// The package of a build that is new: its first part in which a number is left.
    private func packageWithRoom(_ key: BuildKey) throws(IndexError) -> UInt32 {
        var part: UInt32 = 0
        while true {
            let wanted = PackageKey(name: key.name, architecture: key.architecture, space: key.space, part: part)
            guard let known = package(with: wanted) else { return try makePackage(wanted) }
            let count: UInt32 = file.load(try element(.packages, known) + Package.count)
            if count < UInt32(FleetLayout.mostBuilds) { return known }
            part += 1
        }
    }

    private func hash(of key: PackageKey) -> UInt32 { withUnsafeBytes(of: key) { hash($0) } }

    func package(with key: PackageKey) -> UInt32? {
        find(hash(of: key), in: .packages) { self.key(ofPackage: $0) == key }
    }

    func key(ofPackage number: UInt32) -> PackageKey? {
        guard let place = place(.packages, Int(number)) else { return nil }
        return PackageKey(
            name: file.load(place + Package.name), architecture: file.load(place + Package.architecture),
            space: file.load(place + Package.space), part: file.load(place + Package.part))
    }

    private func makePackage(_ key: PackageKey) throws(IndexError) -> UInt32 {
        let (number, place) = try append(.packages)
        file.store(key.name, at: place + Package.name)
        file.store(key.architecture, at: place + Package.architecture)
        file.store(key.space, at: place + Package.space)
        file.store(key.part, at: place + Package.part)
        let name = try element(.texts, key.name) + Text.firstPackage
        file.store(file.load(name, as: UInt32.self), at: place + Package.next)
        file.store(UInt32(number + 1), at: name)
        try insert(hash(of: key), UInt32(number), into: .packages)
        return UInt32(number)
    }

    private func append(_ build: UInt32, toListAt package: Int) throws(IndexError) {
        let count = Int(file.load(package + Package.count, as: UInt32.self))
        guard count < FleetLayout.mostBuilds else { throw damaged("a list is longer than there can be builds") }
        var list = Int(clamping: file.load(package + Package.list, as: UInt64.self))
        if count >= Int(file.load(package + Package.capacity, as: UInt32.self)) {
            let capacity = max(4, count * 2)
            let larger = try allocateText(capacity * 4, alignment: 4)
            if count > 0 {
                guard let old = file.bytes(at: list, count * 4) else { throw damaged("a list lies outside of it") }
                file.store(old, at: larger)
            }
            list = larger
            file.store(UInt64(list), at: package + Package.list)
            file.store(UInt32(capacity), at: package + Package.capacity)
        }
        guard file.bytes(at: list, (count + 1) * 4) != nil else { throw damaged("a list lies outside of it") }
        file.store(build, at: list + count * 4)
        file.store(UInt32(count + 1), at: package + Package.count)
    }

    /// The numbers of a package's builds, by local number from 1: where they lie, four bytes each.
    func builds(ofPackageAt package: Int) throws(IndexError) -> UnsafeRawBufferPointer {
        let count = Int(file.load(package + Package.count, as: UInt32.self))
        guard count <= FleetLayout.mostBuilds,
            let list = file.bytes(at: Int(clamping: file.load(package + Package.list, as: UInt64.self)), count * 4)
        else { throw damaged("a list of builds lies outside of it") }
        return list
    }

    // MARK: Columns

    /// The columns in which builds stand, in ascending order: the first of each package in its first column, further ones (kernels,
    /// a library in several versions) in its next ones.
    ///
    /// - Parameter builds: each once.
    func cells(of builds: [UInt32]) throws(IndexError) -> [FleetCell] {
        var wanted: [UInt64] = []
        wanted.reserveCapacity(builds.count)
        for build in builds {
            let place = try element(.builds, build)
            let package: UInt32 = file.load(place + Field.package)
            wanted.append(UInt64(package) << 16 | UInt64(file.load(place + Field.local, as: UInt16.self)))
        }
        wanted.sort()
        var cells: [FleetCell] = []
        cells.reserveCapacity(wanted.count)
        var package: UInt64?
        var link = 0
        for key in wanted {
            if package != key >> 16 {
                package = key >> 16
                link = try element(.packages, key >> 16) + Package.firstColumn
            }
            let column = try column(after: link, of: UInt32(truncatingIfNeeded: key >> 16))
            cells.append(FleetCell(column: column, local: UInt16(truncatingIfNeeded: key)))
            link = try element(.columns, column) + Column.next
        }
        cells.sort { $0.column < $1.column }
        return cells
    }

    /// The column to which a link leads; a new one if it leads to none.
    private func column(after link: Int, of package: UInt32) throws(IndexError) -> UInt32 {
        let known: UInt32 = file.load(link)
        if known > 0 { return known - 1 }
        let (number, place) = try append(.columns)
        file.store(package, at: place + Column.package)
        file.store(UInt32(number + 1), at: link)
        return UInt32(number)
    }

    func packagePlace(ofColumn column: Int) throws(IndexError) -> Int {
        try element(.packages, file.load(try element(.columns, column) + Column.package, as: UInt32.self))
    }

    /// The columns of a package, in the order of their ordinals.
    func columns(ofPackageAt package: Int) throws(IndexError) -> [UInt32] {
        try chain(from: file.load(package + Package.firstColumn), in: .columns, next: Column.next)
    }

    /// Builds whose source has a name.
    func builds(ofSource text: UInt32) throws(IndexError) -> [UInt32] {
        try chain(from: file.load(try element(.texts, text) + Text.firstBuild), in: .builds, next: Field.next)
    }

    /// Packages of a name, of all architectures and managers.
    func packages(named text: UInt32) throws(IndexError) -> [UInt32] {
        try chain(from: file.load(try element(.texts, text) + Text.firstPackage), in: .packages, next: Package.next)
    }

    private func chain(from first: UInt32, in array: FleetArray, next: Int) throws(IndexError) -> [UInt32] {
        var numbers: [UInt32] = []
        var link = first
        while link > 0 {
            // A ring would never end.
            guard numbers.count < count(array) else { throw damaged("a list leads back to itself") }
            numbers.append(link - 1)
            link = file.load(try element(array, link - 1) + next)
        }
        return numbers
    }
}

/// What a host has in one column.
struct FleetCell: Equatable {
    var column: UInt32
    /// Of the build among those of its package, from 1.
    var local: UInt16
}
