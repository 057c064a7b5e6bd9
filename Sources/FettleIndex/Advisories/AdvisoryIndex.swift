public import FettleModel

/// A compiled index of advisories, used where it lies: opening maps the file and checks what is searched; nothing is parsed or copied
/// until it is asked for. Any number of processes share its pages.
public final class AdvisoryIndex: Sendable {
    public let path: String
    public let catalogue: FeedCatalogue

    private let file: MappedFile
    private let places: [(offset: Int, length: Int)]
    private let ecosystemNumbers: [String: UInt16]

    /// - Throws: `IndexError` that says what is wrong with the file: not there, not an index, of another version, damaged.
    public init(path: String) throws(IndexError) {
        self.path = path
        file = try MappedFile(path)
        places = try IndexFrontReader.places(in: file)
        catalogue = try Self.catalogue(file, places)
        var numbers: [String: UInt16] = [:]
        for (number, ecosystem) in catalogue.ecosystems.enumerated() {
            numbers[ecosystem.name] = UInt16(truncatingIfNeeded: number)
        }
        ecosystemNumbers = numbers
    }

    public var advisoryCount: Int { section(.advisoryOffsets).count / 4 }

    /// Whether anything at all is known of an ecosystem: if not, its packages were not checked.
    public func covers(_ ecosystem: Ecosystem) -> Bool { ecosystemNumbers[ecosystem.name] != nil }

    /// What is known of a package; nil if no advisory names it.
    public func package(_ name: String, in ecosystem: Ecosystem) throws(IndexError) -> PackageAdvisories? {
        guard let number = ecosystemNumbers[ecosystem.name] else { return nil }
        var found: UInt32?
        var damage: IndexError?
        var name = ecosystem.normalName(name)
        name.withUTF8 { text in
            let name = UnsafeRawBufferPointer(text)
            NameTable.look(up: NameTable.hash(name, in: number), in: section(.packageNames)) { place in
                do throws(IndexError) {
                    guard PackageAdvisories.names(try block(place, in: .packageBlocks), name, number) else {
                        return false
                    }
                    found = place
                } catch {
                    damage = error
                }
                return true
            }
        }
        if let damage { throw damage }
        return try found.map { place throws(IndexError) in try package(at: place, ecosystem) }
    }

    /// The advisory of a number, from 0.
    public func advisory(_ number: UInt32) throws(IndexError) -> IndexedAdvisory {
        let offsets = section(.advisoryOffsets)
        guard Int(number) < offsets.count / 4 else { throw damaged("an advisory's number is too high") }
        let place = offsets.number(at: Int(number) * 4, as: UInt32.self)
        let (record, feed) = AdvisoryBlock.read(try block(place, in: .advisoryBlocks))
        return IndexedAdvisory(number: number, feed: feed, record: record)
    }

    /// Of what class an advisory's update is, without reading the rest of it.
    public func updateClass(of number: UInt32) throws(IndexError) -> UpdateClass {
        let offsets = section(.advisoryOffsets)
        guard Int(number) < offsets.count / 4 else { throw damaged("an advisory's number is too high") }
        let view = try block(offsets.number(at: Int(number) * 4, as: UInt32.self), in: .advisoryBlocks)
        return AdvisoryBlock.updateClass(view)
    }

    /// The numbers of advisories with this id or alias, in ascending order.
    public func advisories(named name: String) throws(IndexError) -> [UInt32] {
        var candidates: [UInt32] = []
        NameTable.look(up: NameTable.hash(name), in: section(.advisoryNames)) {
            candidates.append($0)
            return false
        }
        var numbers: [UInt32] = []
        for candidate in candidates {
            let record = try advisory(candidate).record
            if record.id == name || record.aliases.contains(name)
                || AdvisoryIndexBuilder.subject(of: record.id) == name
            {
                numbers.append(candidate)
            }
        }
        return numbers.sorted()
    }

    /// The packages that an advisory says something of.
    public func packages(of advisory: UInt32) throws(IndexError) -> [PackageAdvisories] {
        let starts = section(.advisoryPackageStarts)
        let list = section(.advisoryPackages)
        let first = Int(starts.number(at: Int(advisory) * 4, as: UInt32.self))
        let end = min(Int(starts.number(at: Int(advisory) * 4 + 4, as: UInt32.self)), list.count / 4)
        guard first < end else { return [] }
        var packages: [PackageAdvisories] = []
        for position in first..<end {
            packages.append(try package(at: list.number(at: position * 4, as: UInt32.self), nil))
        }
        return packages
    }

    /// What is known of a CVE apart from any package; nil if nothing is.
    public func weakness(_ id: String) throws(IndexError) -> WeaknessRecord? {
        var candidates: [UInt32] = []
        NameTable.look(up: NameTable.hash(id), in: section(.weaknessNames)) {
            candidates.append($0)
            return false
        }
        for place in candidates {
            var cursor = BlockCursor(try block(place, in: .weaknessBlocks))
            let record = WeaknessBlock.read(&cursor)
            if record.id == id { return record }
        }
        return nil
    }

    /// Reads all of it, for those who want to know of damage before they need what is damaged.
    public func verify() throws(IndexError) {
        for kind in IndexLayout.Section.allCases where kind.isBlocks {
            let place = places[Int(kind.rawValue) - 1]
            var offset = place.offset
            while offset < place.offset + place.length {
                let view = try block(UInt32(offset / IndexLayout.blockAlignment), in: kind)
                let size = IndexLayout.blockHeader + view.count
                offset +=
                    (size + IndexLayout.blockAlignment - 1) / IndexLayout.blockAlignment
                    * IndexLayout.blockAlignment
            }
        }
    }

    // MARK: Parts

    private func package(at place: UInt32, _ ecosystem: Ecosystem?) throws(IndexError) -> PackageAdvisories {
        let view = try block(place, in: .packageBlocks)
        let number = Int(view.number(at: 0, as: UInt16.self))
        guard number < catalogue.ecosystems.count,
            let named = ecosystem ?? Ecosystem(catalogue.ecosystems[number].name)
        else { throw damaged("a package is of an ecosystem that the index doesn't name") }
        return PackageAdvisories(view, in: named, place: place, holder: file)
    }

    private func section(_ kind: IndexLayout.Section) -> BlockView {
        let place = places[Int(kind.rawValue) - 1]
        return file.view.part(place.offset, place.length)
    }

    private func block(_ place: UInt32, in kind: IndexLayout.Section) throws(IndexError) -> BlockView {
        let bounds = places[Int(kind.rawValue) - 1]
        let offset = Int(place) * IndexLayout.blockAlignment
        guard offset >= bounds.offset, offset + IndexLayout.blockHeader <= bounds.offset + bounds.length else {
            throw damaged("it leads outside itself")
        }
        let length = Int(file.view.number(at: offset, as: UInt32.self))
        let payload = file.view.part(offset + IndexLayout.blockHeader, length)
        guard payload.count == length,
            file.view.number(at: offset + 4, as: UInt32.self)
                == UInt32(truncatingIfNeeded: Checksum.of(payload.bytes))
        else { throw damaged("a part of it, at byte \(offset), is not as it was written") }
        return payload
    }

    private func damaged(_ what: String) -> IndexError { IndexFrontReader.damaged(path, what) }

    private static func catalogue(
        _ file: MappedFile, _ places: [(offset: Int, length: Int)]
    ) throws(IndexError) -> FeedCatalogue {
        let place = places[Int(IndexLayout.Section.catalogue.rawValue) - 1]
        guard let catalogue = CatalogueBlock.read(file.view.part(place.offset, place.length)) else {
            throw IndexFrontReader.damaged(file.path, "its list of feeds cannot be read")
        }
        return catalogue
    }
}

/// An advisory as the index has it.
public struct IndexedAdvisory: Sendable, Equatable {
    public var number: UInt32
    /// The number of its feed in the catalogue.
    public var feed: Int
    /// Without `affected`, which lies with the packages.
    public var record: AdvisoryRecord
}
