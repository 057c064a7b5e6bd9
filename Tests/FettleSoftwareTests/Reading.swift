import FettleModel
import FettleSoftware
import Foundation

/// Short forms for the tests of this target.
func read(_ text: String, name: String = "file", as format: SoftwareListFormat? = nil) throws -> SoftwareList {
    try SoftwareListReader.read(Data(text.utf8), name: name, as: format)
}

extension SoftwareList {
    /// `name version` of each, in the order of the file.
    var entries: [String] { packages.map { "\($0.name) \($0.version)" } }
    var ecosystems: Set<String> {
        Set(
            packages.map { package in
                switch package.origin {
                case .system(let manager): manager.rawValue
                case .registry(let name): name
                }
            })
    }

    func package(_ name: String) -> ListedPackage? { packages.first { $0.name == name } }
}

/// Runs a tool of the system; nil where it isn't there or fails.
func output(of tool: String, _ arguments: [String]) -> Data? {
    guard FileManager.default.isExecutableFile(atPath: tool) else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: tool)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil, let data = try? pipe.fileHandleForReading.readToEnd() else { return nil }
    process.waitUntilExit()
    return process.terminationStatus == 0 ? data : nil
}
