import FettleModel
import Testing

@testable import FettlePlanning

@Suite struct PlaceSetTests {
    @Test(arguments: [1, 2, 63, 64, 65, 4_096, 4_097, 300_000])
    func theLeastComesOutFirstWhateverElseGoesInBetween(count: Int) {
        var random = SplitMix(seed: UInt64(count))
        var set = PlaceSet(count: count)
        var expected: Set<Int> = []
        for _ in 0..<500 {
            if Int.random(in: 0..<3, using: &random) > 0 {
                let place = Int.random(in: 0..<count, using: &random)
                set.insert(place)
                expected.insert(place)
            } else {
                let least = expected.min()
                if let least { expected.remove(least) }
                #expect(set.removeFirst() == least)
            }
        }
        for least in expected.sorted() { #expect(set.removeFirst() == least) }
        #expect(set.removeFirst() == nil)
    }

    @Test func whereThereAreNoPlacesNothingComesOut() {
        var set = PlaceSet(count: 0)
        #expect(set.removeFirst() == nil)
    }
}
