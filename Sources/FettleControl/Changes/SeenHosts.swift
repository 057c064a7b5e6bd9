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
            let members = JSONMembers.of(data, element)
            guard let name = members["resource"] else { continue }
            let id = try CanonicalJSON.decode(ResourceID.self, from: data[name])
            if wanted.contains(id) { hosts[id] = members }
        }
        self.hosts = hosts
    }

    /// The packages of a host of which something was seen after that moment; nil: nothing was, or they could not be observed.
    func packages(of id: ResourceID, after time: Timestamp) throws -> [SeenPackage]? {
        guard let members = hosts[id], let moment = members["observedAt"], let packages = members["packages"],
            try CanonicalJSON.decode(Timestamp.self, from: data[moment]) > time
        else { return nil }
        return try CanonicalJSON.decode(Observed<[SeenPackage]>.self, from: data[packages]).value
    }
}

/// Where the values of an object's own members lie.
enum JSONMembers {
    /// What is no object has none; values are judged by who decodes them.
    static func of(_ data: Data, _ range: Range<Int>) -> [String: Range<Int>] {
        data.withUnsafeBytes { bytes in
            var members: [String: Range<Int>] = [:]
            var (depth, position) = (0, range.lowerBound)
            var (key, begin): (Range<Int>?, Int?) = (nil, nil)
            func end(at position: Int) {
                if let key, let begin { members[String(decoding: bytes[key], as: UTF8.self)] = begin..<position }
                (key, begin) = (nil, nil)
            }
            while position < range.upperBound {
                switch bytes[position] {
                case UInt8(ascii: "\""):
                    let start = position
                    position += 1
                    while position < range.upperBound, bytes[position] != UInt8(ascii: "\"") {
                        position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                    }
                    if depth == 1, begin == nil, position < range.upperBound { key = start + 1..<position }
                case UInt8(ascii: ":") where depth == 1 && begin == nil: begin = position + 1
                case UInt8(ascii: ",") where depth == 1: end(at: position)
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 1 { end(at: position) }
                    depth -= 1
                default: break
                }
                position += 1
            }
            return members
        }
    }
}
