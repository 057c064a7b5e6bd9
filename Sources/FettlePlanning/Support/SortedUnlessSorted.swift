extension Array {
    /// Sorted; the array itself where it is already, so that hosts which are given the same list share it.
    func sortedUnlessSorted(by areInIncreasingOrder: (Element, Element) -> Bool) -> [Element] {
        for place in indices.dropFirst() where areInIncreasingOrder(self[place], self[place - 1]) {
            return sorted(by: areInIncreasingOrder)
        }
        return self
    }
}
