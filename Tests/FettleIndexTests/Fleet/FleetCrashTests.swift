import FettleModel
import Foundation
import Testing

@testable import FettleIndex

/// What is left on disk when the writer or the machine stops at any moment.
@Suite("Fleet columns, crashes")
struct FleetCrashTests {
    private static let crash = IndexError(.unwritable, path: "", "the process ends here")

    private func apply(_ changes: [FleetChange], to columns: FleetColumns) throws(IndexError) {
        try columns.change { () throws(IndexError) in
            for change in changes { try change.apply(to: columns) }
        }
    }

    /// What a process says that opens the copy, first for reading and then for writing.
    private func opened(_ folder: FleetFolder) throws -> FleetModel {
        defer { folder.remove() }
        let read = try FleetModel(try FleetColumns(path: folder.file, .reading))
        let written = try FleetColumns(path: folder.file, .writing)
        try written.verify()
        #expect(try FleetModel(written) == read)
        // And it can be changed further.
        try written.setHost("after", packages: [], platform: "", at: Timestamp(milliseconds: 1))
        try written.removeHost("after")
        #expect(try FleetModel(written) == read)
        return read
    }

    @Test("A crash before any step of a change leaves the state before it or after it", arguments: 1...6)
    func crashesAtEveryStep(seed: Int) throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var dice = FleetDice(seed: seed)
        var model = FleetModel()
        let first = dice.changes(6)
        do {
            let columns = try FleetColumns(path: folder.file, .writing)
            try apply(first, to: columns)
            if seed % 2 == 0 { try columns.checkpoint() }
        }
        for change in first { change.apply(to: &model) }
        let before = model
        let second = dice.changes(1 + dice.roll(3))
        for change in second { change.apply(to: &model) }

        var outcomes: Set<Bool> = []
        var steps = 0
        while true {
            let copy = try folder.copy()
            let columns = try FleetColumns(path: copy.file, .writing)
            var left = steps
            columns.file.beforeStep = { () throws(IndexError) in
                if left == 0 { throw Self.crash }
                left -= 1
            }
            do throws(IndexError) {
                try apply(second, to: columns)
                try columns.checkpoint()
                copy.remove()
                break
            } catch {
                let found = try opened(try copy.copy())
                #expect(found == before || found == model, "after \(steps) steps")
                outcomes.insert(found == model)
                // Once it is there it stays: no later step takes it back.
                if before != model, outcomes.contains(true) { #expect(found == model) }
                copy.remove()
            }
            steps += 1
        }
        #expect(steps > 6)
        if before != model { #expect(outcomes == [true, false]) }
    }

    @Test("A journal that is cut anywhere leaves the state of its last whole change")
    func cutsTheJournal() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var dice = FleetDice(seed: 3)
        var models: [(end: Int, model: FleetModel)] = []
        let columns = try FleetColumns(path: folder.file, .writing)
        try apply(dice.changes(4), to: columns)
        try columns.checkpoint()
        // The file as it was synced: none of the later changes has reached the disk when the power fails.
        let synced = try folder.copy()
        defer { synced.remove() }
        models.append((32, try FleetModel(columns)))
        for _ in 0..<3 {
            try apply(dice.changes(2), to: columns)
            models.append((try #require(columns.file.journal).length, try FleetModel(columns)))
        }
        let journal = try Data(contentsOf: URL(fileURLWithPath: folder.journal)).prefix(models[3].end)
        #expect(Set(models.map(\.end)).count == 4)
        for cut in Array(stride(from: 0, through: journal.count, by: 391)) + models.map(\.end)
            + models.map({ $0.end - 1 })
        {
            let copy = try synced.copy()
            try journal.prefix(cut).write(to: URL(fileURLWithPath: copy.journal))
            let expected = models.last { $0.end <= cut } ?? models[0]
            #expect(try opened(copy) == expected.model, "cut at \(cut)")
        }
    }

    @Test(
        "When the power fails, any part of the changed pages may be on the disk: the journal makes them whole",
        arguments: 1...10)
    func losesPower(seed: Int) throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var dice = FleetDice(seed: seed)
        let columns = try FleetColumns(path: folder.file, .writing)
        try apply(dice.changes(4), to: columns)
        try columns.checkpoint()
        let synced = try Data(contentsOf: URL(fileURLWithPath: folder.file))
        for _ in 0..<4 { try apply(dice.changes(3), to: columns) }
        let model = try FleetModel(columns)
        let written = try Data(contentsOf: URL(fileURLWithPath: folder.file))
        var mixed = synced + Data(count: max(0, written.count - synced.count))
        for sector in 0..<written.count / 512 where dice.roll(2) == 0 {
            mixed.replaceSubrange(sector * 512..<sector * 512 + 512, with: written[sector * 512..<sector * 512 + 512])
        }
        let copy = try folder.copy()
        try mixed.write(to: URL(fileURLWithPath: copy.file))
        #expect(try opened(copy) == model)
    }

    @Test(
        "A frame that was written over older ones counts whole or not at all, and they never again", arguments: 1...6)
    func writesOverOldFrames(seed: Int) throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var dice = FleetDice(seed: seed)
        let columns = try FleetColumns(path: folder.file, .writing)
        let journal = URL(fileURLWithPath: folder.journal)
        for _ in 0..<3 { try apply(dice.changes(2), to: columns) }
        let full = try Data(contentsOf: journal)
        try columns.checkpoint()
        let emptied = try Data(contentsOf: journal)
        #expect(full.count == emptied.count && emptied.count > FleetJournal.room)
        let before = try FleetModel(columns)
        let synced = try folder.copy()
        defer { synced.remove() }
        try apply(dice.changes(1), to: columns)
        let after = try FleetModel(columns)
        let end = try #require(columns.file.journal).length
        let written = try Data(contentsOf: journal)
        #expect(written.count == emptied.count)
        // The power fails while the journal is emptied, or while the frame is written: any of its sectors may have come to the disk.
        for (old, new, states) in [(full, emptied, [before]), (emptied, written, [before, after])] {
            for _ in 0..<12 {
                var mixed = old
                for sector in 0...end / 512 where dice.roll(2) == 0 {
                    mixed.replaceSubrange(
                        sector * 512..<sector * 512 + 512, with: new[sector * 512..<sector * 512 + 512])
                }
                let copy = try synced.copy()
                try mixed.write(to: URL(fileURLWithPath: copy.journal))
                #expect(states.contains(try opened(copy)))
            }
        }
        let copy = try synced.copy()
        try written.write(to: URL(fileURLWithPath: copy.journal))
        #expect(try opened(copy) == after)
    }

    @Test("A change of one host is synced once, and the journal does not grow by it")
    func syncsOnce() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let journal = URL(fileURLWithPath: folder.journal)
        var sizes: Set<Int> = []
        for run in 0..<3 {
            // The room is kept from one process to the next.
            let columns = try FleetColumns(path: folder.file, .writing)
            for host in 0..<10 {
                try columns.setHost("\(run) \(host)", packages: [], platform: "", at: Timestamp(milliseconds: 1))
                sizes.insert(try Data(contentsOf: journal).count)
            }
        }
        #expect(sizes.count == 1)
    }

    @Test("A change that cannot be put down leaves all as it was, and the next one succeeds")
    func goesOnAfterAFailure() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var dice = FleetDice(seed: 11)
        let columns = try FleetColumns(path: folder.file, .writing)
        try apply(dice.changes(5), to: columns)
        var model = try FleetModel(columns)
        for step in 0..<2 {
            var left = step
            columns.file.beforeStep = { () throws(IndexError) in
                if left == 0 { throw Self.crash }
                left -= 1
            }
            #expect(throws: Self.crash) {
                try columns.setHost("new", packages: [], platform: "x", at: Timestamp(milliseconds: 0))
            }
            columns.file.beforeStep = nil
            #expect(try FleetModel(columns) == model)
        }
        let changes = dice.changes(3)
        try apply(changes, to: columns)
        for change in changes { change.apply(to: &model) }
        #expect(try FleetModel(columns) == model)
        #expect(try opened(try folder.copy()) == model)
    }

    @Test("After a change that was decided and broken off nothing is read or changed until the file is opened again")
    func stopsWhenBrokenOff() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let columns = try FleetColumns(path: folder.file, .writing)
        var left = 4
        columns.file.beforeStep = { () throws(IndexError) in
            if left == 0 { throw Self.crash }
            left -= 1
        }
        #expect(throws: Self.crash) {
            try columns.setHost("a", packages: [], platform: "x", at: Timestamp(milliseconds: 0))
        }
        columns.file.beforeStep = nil
        #expect { try columns.host("a") } throws: { "\($0)".contains("open it again") }
        #expect(throws: IndexError.self) { try columns.removeHost("a") }
        #expect(try opened(try folder.copy()).hosts.keys.sorted() == ["a"])
    }

    @Test("The journal of a file that was replaced is not applied to the new one")
    func ignoresAnotherFilesJournal() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        do {
            let columns = try FleetColumns(path: folder.file, .writing)
            try columns.setHost("old", packages: [], platform: "x", at: Timestamp(milliseconds: 0))
        }
        let journal = try Data(contentsOf: URL(fileURLWithPath: folder.journal))
        _ = try FleetColumns(path: folder.file, .replacing)
        try journal.write(to: URL(fileURLWithPath: folder.journal))
        #expect(try opened(try folder.copy()).hosts.isEmpty)
    }
}
