import FettleModel
import Foundation

/// What was seen last of hosts, read from a kept set of facts host by host: the whole of a large fleet never stands in memory as a
/// tree, and of hosts that nobody asks about nothing is decoded.
struct SeenHosts: Sendable {
    private let data: Data
    private let hosts: [ResourceID: [String: Range<Int>]]

    /// - Parameters:
    ///   - data: a set of facts, as it is kept.
    ///   - wanted: of whom something is asked.
    /// - Throws: what the decoder of the whole says where it is not one.
    init(_ data: Data, of wanted: Set<ResourceID>) throws {
        guard let pieces = JSONPieces(data, list: "hosts") else {
            _ = try CanonicalJSON.decode(FactSet.self, from: data)
            throw ControlError(.internal, "a set of facts without hosts")
        }
        self.data = data
        var hosts: [ResourceID: [String: Range<Int>]] = [:]
        for element in pieces.elements {
            let members = JSONMembers.of(data, element, named: ["resource", "observedAt", "packages"])
            guard let name = members["resource"] else { continue }
            let id = try CanonicalJSON.decode(ResourceID.self, from: data[name])
            if wanted.contains(id) { hosts[id] = members }
        }
        self.hosts = hosts
    }

    /// Of these packages those that a host has, where something was seen of it after that moment; nil: nothing was, or its packages could
    /// not be observed.
    func packages(
        _ names: Set<String>, of id: ResourceID, after time: Timestamp
    ) throws -> [SeenPackage]? {
        guard let members = hosts[id], let moment = members["observedAt"], let place = members["packages"],
            try CanonicalJSON.decode(Timestamp.self, from: data[moment]) > time
        else { return nil }
        let packages = Data(data[place])
        guard let pieces = JSONPieces(packages, list: "value") else {
            return try CanonicalJSON.decode(Observed<[SeenPackage]>.self, from: packages).value
        }
        // A host has hundreds, and a plan asks of a few.
        let wanted = names.map { Array($0.utf8) }
        let found = packages.withUnsafeBytes { bytes in
            pieces.elements.filter { element in
                guard let name = JSONMembers.value(of: "name", in: bytes, element) else { return true }
                let inside = bytes[name].dropFirst().dropLast()
                return inside.contains(UInt8(ascii: "\\")) || wanted.contains { $0.elementsEqual(inside) }
            }
        }
        return try found.map { try CanonicalJSON.decode(SeenPackage.self, from: packages[$0]) }
    }
}

/// Where the values of some of an object's own members lie.
enum JSONMembers {
    /// What is no object has none; values are judged by who decodes them.
    ///
    /// - Parameter names: of the members that are wanted.
    static func of(_ data: Data, _ range: Range<Int>, named names: [StaticString]) -> [String: Range<Int>] {
        data.withUnsafeBytes { bytes in
            var members: [String: Range<Int>] = [:]
            each(in: bytes, range) { key, value in
                if let name = names.first(where: { $0.isSame(as: bytes[key]) }) { members[name.description] = value }
                return members.count < names.count
            }
            return members
        }
    }

    static func value(of name: StaticString, in bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int>? {
        var found: Range<Int>?
        each(in: bytes, range) { key, value in
            if name.isSame(as: bytes[key]) { found = value }
            return found == nil
        }
        return found
    }

    /// - Parameter visit: gets where a key, without its quotes, and its value lie; false: no more is wanted.
    private static func each(
        in bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ visit: (Range<Int>, Range<Int>) -> Bool
    ) {
        var (depth, position) = (0, range.lowerBound)
        var (key, begin): (Range<Int>?, Int?) = (nil, nil)
        while position < range.upperBound {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                let start = position
                position += 1
                while position < range.upperBound, bytes[position] != UInt8(ascii: "\"") {
                    position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                }
                if depth == 1, begin == nil, position < range.upperBound { key = start + 1..<position }
            case UInt8(ascii: ":") where depth == 1 && begin == nil: begin = position + 1
            case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 1 {
                    if let key, let begin, !visit(key, begin..<position) { return }
                    (key, begin) = (nil, nil)
                }
                if byte != UInt8(ascii: ",") { depth -= 1 }
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            default: break
            }
            position += 1
        }
    }
}

extension StaticString {
    fileprivate func isSame(as bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        withUTF8Buffer { $0.elementsEqual(bytes) }
    }
}
