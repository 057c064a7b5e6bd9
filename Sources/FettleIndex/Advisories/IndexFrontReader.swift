/// Reads and checks the front of an index, and all of it that is searched.
enum IndexFrontReader {
    /// - Returns: where each section lies, in the order of their kinds.
    static func places(in file: MappedFile) throws(IndexError) -> [(offset: Int, length: Int)] {
        let view = file.view
        guard view.part(0, 8).bytes.elementsEqual(IndexLayout.magic) else {
            throw IndexError(.foreign, path: file.path, "is no index of advisories")
        }
        let version = view.number(at: 8, as: UInt32.self)
        guard version == IndexLayout.version else {
            throw IndexError(
                .version, path: file.path,
                "is an index of format \(version), and this release reads \(IndexLayout.version): \(again)")
        }
        guard Checksum.of(view.part(0, 40).bytes) == view.number(at: 40, as: UInt64.self),
            view.number(at: 16, as: UInt64.self) == UInt64(view.count),
            Int(view.number(at: 12, as: UInt32.self)) == IndexLayout.Section.allCases.count
        else { throw damaged(file.path, "it is cut off, or its header is not as it was written") }
        let table = view.part(IndexLayout.headerSize, IndexLayout.tableEnd - IndexLayout.headerSize)
        guard Checksum.of(table.bytes) == view.number(at: 32, as: UInt64.self) else {
            throw damaged(file.path, "its table of sections is not as it was written")
        }
        var places: [(offset: Int, length: Int)] = []
        for (number, kind) in IndexLayout.Section.allCases.enumerated() {
            let row = table.part(number * IndexLayout.sectionSize, IndexLayout.sectionSize)
            let offset = Int(clamping: row.number(at: 8, as: UInt64.self))
            let length = Int(clamping: row.number(at: 16, as: UInt64.self))
            guard row.number(at: 0, as: UInt32.self) == kind.rawValue, offset <= view.count,
                length <= view.count - offset
            else { throw damaged(file.path, "a section lies outside of it") }
            if !kind.isBlocks {
                guard Checksum.of(view.part(offset, length).bytes) == row.number(at: 24, as: UInt64.self) else {
                    throw damaged(file.path, "a directory is not as it was written")
                }
            }
            places.append((offset, length))
        }
        return places
    }

    static func damaged(_ path: String, _ what: String) -> IndexError {
        IndexError(.damaged, path: path, "is damaged: \(what); \(again)")
    }

    private static let again = "build it again with `fettle feeds build`"
}
