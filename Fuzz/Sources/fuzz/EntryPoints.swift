import Foundation

// libFuzzer brings `main`, and calls these (https://llvm.org/docs/LibFuzzer.html).

/// Before the fuzzing. `fuzz --list` prints the targets, `fuzz --seed FOLDER` writes files to begin with; else the
/// target is named by FUZZ_TARGET, and the arguments are libFuzzer's.
@_cdecl("LLVMFuzzerInitialize")
func initialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
    let words = CommandLine.arguments
    if words.dropFirst().first == "--list" {
        print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
        exit(0)
    }
    if words.count == 3, words[1] == "--seed" {
        do {
            let folder = URL(fileURLWithPath: words[2])
            try IndexTarget.writeSeed(into: folder.appending(path: "index"))
            try ColumnsTarget.writeSeeds(into: folder.appending(path: "columns"))
            try BundleTarget.writeSeed(into: folder.appending(path: "bundle"))
            exit(0)
        } catch {
            refuse("no seeds could be written: \(error)")
        }
    }
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        refuse("FUZZ_TARGET must name a target; --list prints them")
    }
    FuzzTarget.current = target
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzTarget.current?.run(Data(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

private func refuse(_ why: String) -> Never {
    FileHandle.standardError.write(Data("\(why)\n".utf8))
    exit(64)
}
