import FettleModel

extension DataCentre.Shape {
    /// One pool that is nearly full, in memory or in processors too, with small machines, large ones, or such as hardly ever fill a
    /// rest: no other shape makes packing so hard.
    public static func tightPool(seed: UInt64) -> DataCentre.Shape {
        var dice = SplitMix(seed: seed &* 7_919)
        let size = Int.random(in: 8...32, using: &dice)
        var shape = DataCentre.Shape(hypervisors: size, machines: size * Int.random(in: 8...30, using: &dice))
        shape.poolSizes = size...size
        shape.smallPools = 0
        shape.filled = 85...95
        shape.processorsFilled = [60...80, 85...95].randomElement(using: &dice) ?? 60...80
        let all = [[1, 1, 2, 2, 4], [2, 3, 5, 6, 7, 9], [1, 2, 4, 8, 16], [6, 7, 8, 9, 10, 11], shape.sizes]
        shape.sizes = all.randomElement(using: &dice) ?? shape.sizes
        shape.bound = 0
        return shape
    }
}
