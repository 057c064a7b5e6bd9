import FettleModel

/// What is installed on a host of the packages that it was asked for, broken ones at the version they broke at.
///
/// A host has hundreds of packages, and few are asked for: those are looked for among all, and no table of all is made.
struct InstalledVersions {
    /// Sorted by name.
    private var packages: [Installed] = []

    private struct Installed {
        var name: String
        var architecture: String
        var version: String
        var isBroken = false
    }

    private struct Key: Hashable {
        var name: String
        var architecture: String
    }

    /// - Parameters:
    ///   - packages: of all package managers.
    ///   - changes: with `wanted`, what will be asked for.
    init(
        _ packages: [InstalledPackage], of manager: PackageManager, broken: [BrokenPackage],
        changes: [PackageChange], wanted: [PackageVersion]
    ) {
        let names = FewOrMany(changes.map(\.name) + wanted.map(\.name))
        for place in packages.indices where packages[place].manager == manager && names.contains(packages[place].name) {
            self.packages.append(
                Installed(
                    name: packages[place].name, architecture: packages[place].architecture,
                    version: packages[place].version))
        }
        for package in broken where names.contains(package.name) {
            self.packages.removeAll { $0.name == package.name && $0.architecture == package.architecture }
            self.packages.append(
                Installed(
                    name: package.name, architecture: package.architecture, version: package.version, isBroken: true))
        }
        self.packages = self.packages.sortedUnlessSorted { $0.name < $1.name }
    }

    private func installed(_ name: String, _ architecture: String) -> some Sequence<Installed> {
        var (low, high) = (0, packages.count)
        while low < high {
            let middle = (low + high) / 2
            if packages[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return packages[low...].lazy.prefix { $0.name == name }.filter { $0.architecture == architecture }
    }

    /// Those of the wanted versions that are installed and that the changes leave alone, sorted.
    func present(_ wanted: [PackageVersion], butFor changes: [PackageChange]) -> [PackageVersion] {
        let touched = FewOrMany(changes.map { Key(name: $0.name, architecture: $0.architecture) })
        let present = wanted.filter { package in
            !touched.contains(Key(name: package.name, architecture: package.architecture))
                && installed(package.name, package.architecture).contains { $0.version == package.version }
        }
        return present.count < 2 ? present : Set(present).sorted()
    }

    /// Names among the changes that are installed in an architecture which is not among them.
    func names(untouchedBy changes: [PackageChange]) -> Set<String> {
        let touched = FewOrMany(changes.map { Key(name: $0.name, architecture: $0.architecture) })
        let names = FewOrMany(changes.map(\.name))
        let others = packages.lazy.filter {
            names.contains($0.name) && !touched.contains(Key(name: $0.name, architecture: $0.architecture))
        }
        return Set(others.map(\.name))
    }

    func isBroken(_ change: PackageChange) -> Bool {
        installed(change.name, change.architecture).contains(where: \.isBroken)
    }

    /// Several versions of one package (kernels under rpm) count as the one that the change speaks of.
    func version(of change: PackageChange) -> String? {
        var least: String?
        var isFrom = false
        for package in installed(change.name, change.architecture) {
            if package.version == change.to { return package.version }
            if package.version == change.from { isFrom = true }
            least = least.map { min($0, package.version) } ?? package.version
        }
        return isFrom ? change.from : least
    }
}

/// A few things are compared one by one, which takes less than to make a set of them.
private struct FewOrMany<Element: Hashable> {
    private let few: [Element]
    private let many: Set<Element>

    init(_ elements: [Element]) {
        few = elements
        many = elements.count > 8 ? Set(elements) : []
    }

    func contains(_ element: Element) -> Bool { many.isEmpty ? few.contains(element) : many.contains(element) }
}
