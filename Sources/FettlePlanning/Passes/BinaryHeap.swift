/// A priority queue: the smallest element comes out first. Insertion and removal take logarithmic time.
struct BinaryHeap<Element: Comparable> {
    private var elements: [Element] = []

    var first: Element? { elements.first }

    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() -> Element? {
        guard let smallest = elements.first, let last = elements.popLast() else { return nil }
        guard !elements.isEmpty else { return smallest }
        elements.withUnsafeMutableBufferPointer { elements in
            // What comes from the end mostly belongs near the end: a hole is led down there, and then up as far as need be.
            var hole = 0
            while 2 * hole + 1 < elements.count {
                var child = 2 * hole + 1
                if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
                elements[hole] = elements[child]
                hole = child
            }
            while hole > 0, last < elements[(hole - 1) / 2] {
                elements[hole] = elements[(hole - 1) / 2]
                hole = (hole - 1) / 2
            }
            elements[hole] = last
        }
        return smallest
    }
}
