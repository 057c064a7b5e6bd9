import FettleModel
import FettleSoftware
import Foundation
import Testing

@Suite("Hostile files")
struct HostileSoftwareTests {
    @Test("A file cut off at any place is read in part or refused", arguments: Samples.all.indices)
    func truncation(index: Int) {
        let sample = Samples.all[index]
        let bytes = Data(sample.text.utf8)
        let whole = try? SoftwareListReader.read(bytes, name: sample.name)
        // The last entry may have lost the words that kept it out.
        let most = (whole?.packages.count ?? 0) + (whole?.skipped.count ?? 0) + 1
        for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 200)) {
            for format in [nil, sample.format] {
                let list = try? SoftwareListReader.read(bytes.prefix(length), name: sample.name, as: format)
                guard (list?.packages.count ?? 0) > most else { continue }
                Issue.record("cut off after \(length) bytes: \(list?.entries ?? [])")
                return
            }
        }
    }

    @Test("Bytes that are changed at random never end the process", arguments: Samples.all.indices)
    func flips(index: Int) {
        let sample = Samples.all[index]
        let original = Array(sample.text.utf8)
        var random = SplitMix(seed: UInt64(index) + 1)
        for _ in 0..<150 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 9)], at: place)
                default: bytes.removeSubrange(place..<min(bytes.count - 1, place + 5))
                }
                if bytes.count < 2 { bytes = original }
            }
            for format in [nil, sample.format] {
                let list = try? SoftwareListReader.read(Data(bytes), name: sample.name, as: format)
                for package in list?.packages ?? [] {
                    #expect(!package.name.isEmpty && !package.version.isEmpty)
                }
            }
        }
    }

    @Test("Each reader takes each other format's sample without harm", arguments: SoftwareListFormat.allCases)
    func mixedUp(format: SoftwareListFormat) {
        for sample in Samples.all {
            let list = try? SoftwareListReader.read(Data(sample.text.utf8), name: sample.name, as: format)
            if format == sample.format { #expect(list != nil) }
        }
    }

    @Test("JSON nested without end is refused")
    func deepJSON() {
        for text in [
            String(repeating: "{\"a\":", count: 100_000), "{\"a\":" + String(repeating: "[", count: 100_000),
        ] {
            #expect(throws: SoftwareListError.self) { try read(text) }
        }
    }

    @Test("A skipped entry's name is one short line, whatever it holds")
    func shownNames() throws {
        let name = "a\u{1B}[31m" + String(repeating: "x", count: 10_000)
        let list = try read("Package: \(name)\nStatus: install ok installed\nVersion: 1\n")
        let skipped = try #require(list.skipped.first)
        #expect(skipped.count < 250)
        #expect(!skipped.utf8.contains(0x1B))
    }
}
