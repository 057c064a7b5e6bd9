public import FettleIndex

/// What one advisory says of one package, looked up once for many versions.
public struct AdvisoryOfPackage: Sendable {
    let package: PackageAdvisories
    let name: String
    /// The entries of its subject, which are alternatives of one another.
    let entries: Range<Int>

    /// - Returns: nil if the advisory says nothing of the package.
    public init?(_ advisory: UInt32, _ package: PackageAdvisories) {
        guard let place = (0..<package.count).first(where: { package.entry($0).advisory == advisory }) else {
            return nil
        }
        let subject = package.entry(place).subject
        var start = place
        while start > 0, package.entry(start - 1).subject == subject { start -= 1 }
        var end = place + 1
        while end < package.count, package.entry(end).subject == subject { end += 1 }
        self.package = package
        name = package.name
        entries = start..<end
    }
}
