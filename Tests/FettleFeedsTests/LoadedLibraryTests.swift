import CLoading
import Foundation
import Testing

@Suite("Libraries that are loaded when they are needed")
struct LoadedLibraryTests {
    /// What loading says, and how many addresses there are afterwards.
    private func load(_ names: [String], _ symbols: [String]) -> (problem: String?, addresses: Int) {
        let storage = (names + symbols + ["the package example"]).map { strdup($0) }
        defer { for text in storage { free(text) } }
        let texts = storage.map { UnsafePointer($0) }
        let named: [UnsafePointer<CChar>?] = Array(texts[..<names.count]) + [nil]
        let wanted: [UnsafePointer<CChar>?] = Array(texts[names.count..<texts.count - 1]) + [nil]
        var addresses = [UnsafeMutableRawPointer?](repeating: nil, count: symbols.count)
        let problem = named.withUnsafeBufferPointer { named in
            wanted.withUnsafeBufferPointer { wanted in
                addresses.withUnsafeMutableBufferPointer { addresses -> String? in
                    var library = loaded_library()
                    library.names = named.baseAddress
                    library.symbols = wanted.baseAddress
                    library.addresses = addresses.baseAddress
                    library.packages = texts.last ?? nil
                    pthread_mutex_init(&library.lock, nil)
                    let problem = load_library(&library).map { String(cString: $0) }
                    // Once there it stays there.
                    if problem == nil { #expect(load_library(&library) == nil) }
                    return problem
                }
            }
        }
        return (problem, addresses.count { $0 != nil })
    }

    @Test func aMissingLibraryIsToldWithItsNameAndThePackageToInstall() throws {
        let (problem, addresses) = load(["libfettle-has-none.so.7"], ["cos"])
        let words = try #require(problem)
        #expect(words.contains("libfettle-has-none.so.7"))
        #expect(words.contains("install the package example"))
        #expect(addresses == 0)
    }

    @Test func aLibraryThatLacksAFunctionIsNotUsedAtAll() throws {
        let (problem, addresses) = load(["libm.so.6"], ["cos", "fettle_has_no_such_function"])
        #expect(try #require(problem).contains("fettle_has_no_such_function"))
        #expect(addresses == 0)
    }

    @Test func theFirstNameThatIsThereIsTaken() {
        let (problem, addresses) = load(["libfettle-has-none.so.7", "libm.so.6"], ["cos", "sin"])
        #expect(problem == nil)
        #expect(addresses == 2)
    }
}
