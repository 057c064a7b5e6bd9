import Foundation
import Testing

@testable import FettleCommands

@Suite struct OutputTests {
    @Test func aFullDiskIsToldAndNoCrash() throws {
        let descriptor = open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        #expect(!Output.write(Array("text".utf8), to: descriptor))
    }

    @Test func aLongTextArrivesWhole() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reader, writer) = (FileHandle(fileDescriptor: ends[0], closeOnDealloc: true), ends[1])
        let text = String(repeating: "a line of a report\n", count: 20_000)
        let thread = Thread {
            _ = Output.write(Array(text.utf8), to: writer)
            close(writer)
        }
        thread.start()
        #expect(try reader.readToEnd() == Data(text.utf8))
    }
}
