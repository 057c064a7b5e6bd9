/// The order of NuGet (https://learn.microsoft.com/nuget/concepts/package-versioning): Semantic Versioning with up to
/// four numbers, missing ones 0, and labels that differ in nothing but case equal.
enum NuGetOrder {
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        let leftParts = SemanticParts(left, after: .none)
        let rightParts = SemanticParts(right, after: .none)
        let numbers = compareComponents(left, leftParts.core, right, rightParts.core)
        if numbers != .equal { return numbers }
        if leftParts.hasPrerelease != rightParts.hasPrerelease {
            return leftParts.hasPrerelease ? .less : .greater
        }
        guard leftParts.hasPrerelease else { return .equal }
        return compareLabels(left, leftParts.prerelease, right, rightParts.prerelease)
    }

    private static func compareLabels(
        _ left: Span<UInt8>, _ leftRange: Range<Int>, _ right: Span<UInt8>, _ rightRange: Range<Int>
    ) -> VersionOrdering {
        var leftFields = FieldReader(leftRange, separator: ASCII.dot)
        var rightFields = FieldReader(rightRange, separator: ASCII.dot)
        while true {
            let leftHas = leftFields.advance(in: left)
            let rightHas = rightFields.advance(in: right)
            guard leftHas, rightHas else { return VersionOrdering(leftHas ? 1 : 0, rightHas ? 1 : 0) }
            let labels: VersionOrdering
            switch (number(left, leftFields.field), number(right, rightFields.field)) {
            case (let leftNumber?, let rightNumber?): labels = VersionOrdering(leftNumber, rightNumber)
            case (_?, nil): return .less
            case (nil, _?): return .greater
            case (nil, nil): labels = compareFolded(left, leftFields.field, right, rightFields.field)
            }
            if labels != .equal { return labels }
        }
    }

    /// NuGet takes a label for a number where it fits 32 bits with its sign, and for a word otherwise: that decides how
    /// long dates such as `20240131120000` compare, and makes `1.0.0--5` a negative number.
    private static func number(_ text: Span<UInt8>, _ label: Range<Int>) -> Int? {
        guard !label.isEmpty else { return nil }
        let isNegative = text[label.lowerBound] == ASCII.hyphen
        let digits = (isNegative ? label.lowerBound + 1 : label.lowerBound)..<label.upperBound
        guard areDigits(text, digits) else { return nil }
        let limit: UInt64 = isNegative ? 2_147_483_648 : 2_147_483_647
        guard let magnitude = value(of: text, digits, atMost: limit) else { return nil }
        return isNegative ? -Int(magnitude) : Int(magnitude)
    }

    /// One to four numbers of 31 bits, labels without leading zeros, metadata.
    static func isValid(_ text: Span<UInt8>) -> Bool {
        let parts = SemanticParts(text, after: .none)
        var fields = FieldReader(parts.core, separator: ASCII.dot)
        var count = 0
        while fields.advance(in: text) {
            guard areDigits(text, fields.field), value(of: text, fields.field, atMost: 2_147_483_647) != nil else {
                return false
            }
            count += 1
        }
        guard (1...4).contains(count) else { return false }
        if parts.hasPrerelease {
            guard text[parts.core.upperBound] == ASCII.hyphen,
                SemanticValidity.areIdentifiers(text, parts.prerelease, leadingZeros: false)
            else { return false }
        }
        let end = parts.prerelease.upperBound
        return end == text.count
            || SemanticValidity.areIdentifiers(text, (end + 1)..<text.count, leadingZeros: true)
    }
}
