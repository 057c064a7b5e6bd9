import FettleVersions

/// What one advisory says of one package, while the index is built.
struct AffectedRow {
    var ecosystem: UInt16
    var advisory: UInt32
    /// The name of the weakness or advisory without its feed's own prefix: feeds that say something of one subject are compared.
    var subject: String
    /// How much the feed is to be believed about the ecosystem: of a subject only the highest is heard.
    var authority: UInt8
    /// When the advisory was last changed, in milliseconds: of two versions of one the newer holds.
    var modified: Int64
    /// By what newer copies the row is superseded.
    var copies: RecordCopies.Keys
    var package: AffectedPackage

    func encode(into writer: inout ByteWriter) {
        writer.number(ecosystem)
        writer.number(advisory)
        writer.text(subject)
        writer.number(authority)
        writer.number(modified)
        writer.number(copies.record)
        writer.number(copies.part)
        writer.number(package.status.rawValue)
        writer.text(package.name)
        writer.number(UInt32(package.intervals.count))
        for interval in package.intervals {
            Self.encode(interval.lower, into: &writer)
            Self.encode(interval.upper, into: &writer)
            writer.number(UInt8(interval.endsAtLimit ? 1 : 0))
        }
        writer.number(UInt32(package.versions.count))
        for version in package.versions { writer.text(version) }
        writer.text(package.fixed ?? "")
        writer.text(package.architectures.joined(separator: " "))
        writer.text(package.module ?? "")
        writer.text(package.remark)
    }

    init(
        ecosystem: UInt16, advisory: UInt32, subject: String, authority: UInt8, modified: Int64,
        copies: RecordCopies.Keys, package: AffectedPackage
    ) {
        self.ecosystem = ecosystem
        self.advisory = advisory
        self.subject = subject
        self.authority = authority
        self.modified = modified
        self.copies = copies
        self.package = package
    }

    /// - Returns: nil if the bytes are not those of a row.
    init?(_ cursor: inout BlockCursor, _ ecosystems: [Ecosystem]) {
        ecosystem = cursor.number(UInt16.self)
        advisory = cursor.number(UInt32.self)
        subject = cursor.text()
        authority = cursor.number(UInt8.self)
        modified = cursor.number(Int64.self)
        copies = RecordCopies.Keys(record: cursor.number(UInt64.self), part: cursor.number(UInt64.self))
        guard let status = AffectedStatus(rawValue: cursor.number(UInt8.self)), Int(ecosystem) < ecosystems.count else {
            return nil
        }
        package = AffectedPackage(ecosystem: ecosystems[Int(ecosystem)], name: cursor.text(), status: status)
        for _ in 0..<cursor.elementCount() {
            let lower = Self.bound(&cursor)
            let upper = Self.bound(&cursor)
            package.intervals.append(
                VersionInterval(lower: lower, upper: upper, endsAtLimit: cursor.number(UInt8.self) == 1))
        }
        for _ in 0..<cursor.elementCount() { package.versions.append(cursor.text()) }
        package.fixed = Self.optional(cursor.text())
        package.architectures = cursor.text().split(separator: " ").map(String.init)
        package.module = Self.optional(cursor.text())
        package.remark = cursor.text()
    }

    private static func encode(_ bound: VersionBound?, into writer: inout ByteWriter) {
        writer.number(UInt8(bound.map { $0.isInclusive ? 2 : 1 } ?? 0))
        if let bound { writer.text(bound.version) }
    }

    private static func bound(_ cursor: inout BlockCursor) -> VersionBound? {
        let kind = cursor.number(UInt8.self)
        return kind == 0 ? nil : VersionBound(cursor.text(), isInclusive: kind == 2)
    }

    private static func optional(_ text: String) -> String? { text.isEmpty ? nil : text }
}
