/// A checksum of what a host has, whichever order it is met in: the sum of a number for each build. Kept with the host, and compared whenever
/// all that it has is read: a cell that was changed to another build's number gives an error and no answer.
///
/// It finds damage, not forgery.
struct FleetBuildSum: Equatable {
    private(set) var value: UInt64 = 0

    init(_ builds: some Sequence<UInt32> = []) { for build in builds { add(build) } }

    init(value: UInt64) { self.value = value }

    mutating func add(_ build: UInt32) { value &+= Self.number(of: build) }

    /// SplitMix64's finalizer (https://prng.di.unimi.it/splitmix64.c): builds whose numbers lie side by side have nothing in common.
    @inline(__always)
    static func number(of build: UInt32) -> UInt64 {
        var mixed = (UInt64(build) &+ 1) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
