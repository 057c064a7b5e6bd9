/// The tests of a document with what they look at: small, and held while the definitions go by.
struct OVALFacts {
    struct Test {
        var object: Int32 = -1
        var states: [Int32] = []
        /// Of an installed package (`rpminfo_test`, `dpkginfo_test`), not of a file or of the running kernel.
        var isOfPackage = false
        /// Of the running system (`uname_test`).
        var isOfKernel = false
        /// `check_existence="none_exist"`: that it is not installed.
        var isAbsence = false
        /// `check="none satisfy"`: that it is something else, such as another distribution.
        var isNegative = false
    }

    struct State {
        var evr = ""
        var operation = ""
        var architecture = ""
        /// `version` with a pattern: `4.1.12`, for one series of kernels among several.
        var series = ""
        var isSignature = false
        /// It asks for what is not understood here.
        var isForeign = false
    }

    private(set) var tests: [String: Test] = [:]
    private var objectPlaces: [String: Int32] = [:]
    private var statePlaces: [String: Int32] = [:]
    /// Names of packages; empty where the object is none, or a pattern.
    private(set) var objects: [String] = []
    private(set) var states: [State] = []
    /// Ids that several definitions have, each for a package of its own: their records are joined.
    var repeated: Set<String> = []
    /// Ubuntu's package OVAL: each definition is a package with many CVEs.
    var isByPackage = false

    mutating func add(_ test: Test, id: String) { tests[id] = test }

    mutating func object(_ id: String) -> Int32 {
        if let place = objectPlaces[id] { return place }
        let place = Int32(clamping: objects.count)
        objectPlaces[id] = place
        objects.append("")
        return place
    }

    mutating func state(_ id: String) -> Int32 {
        if let place = statePlaces[id] { return place }
        let place = Int32(clamping: states.count)
        statePlaces[id] = place
        states.append(State())
        return place
    }

    mutating func name(_ object: Int32, _ name: String) { objects[Int(object)] = name }
    mutating func change(_ state: Int32, _ body: (inout State) -> Void) { body(&states[Int(state)]) }

    /// The package that a test is of; nil where it is of none.
    func package(of test: Test) -> String? {
        guard test.isOfPackage, test.object >= 0, !objects[Int(test.object)].isEmpty else { return nil }
        return objects[Int(test.object)]
    }
}
