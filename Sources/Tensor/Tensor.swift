/// A dense array of single-precision numbers in row-major order.
///
/// Images are `[height, width]`, batches of images `[count, height, width, channels]` (NHWC), and
/// matrices `[rows, columns]`.
public struct Tensor: Sendable, Equatable {
  /// The extent of each axis, slowest first.
  public private(set) var shape: [Int]

  /// The elements, last axis fastest; `values.count` is the product of `shape`.
  public var values: [Float]

  /// Wraps elements that are already in row-major order.
  ///
  /// A shape that does not hold just as many is a programmer's error.
  public init(shape: [Int], values: [Float]) {
    precondition(shape.reduce(1, *) == values.count, "\(values.count) values for shape \(shape)")
    self.shape = shape
    self.values = values
  }

  /// Makes a tensor filled with one value.
  public init(_ shape: [Int], repeating value: Float = 0) {
    self.shape = shape
    self.values = [Float](repeating: value, count: shape.reduce(1, *))
  }

  /// Makes a tensor whose every element `body` must write.
  ///
  /// The buffer is uninitialised, of as many elements as the shape has.
  public init(shape: [Int], initialisedBy body: (UnsafeMutableBufferPointer<Float>) -> Void) {
    let count = shape.reduce(1, *)
    self.shape = shape
    self.values = [Float](unsafeUninitializedCapacity: count) { buffer, initialised in
      body(buffer)
      initialised = count
    }
  }

  /// The extent of the first axis.
  public var rows: Int { shape.first ?? 1 }

  /// The number of elements in one row, over all axes but the first.
  public var columns: Int { shape.dropFirst().reduce(1, *) }

  /// The elements of row `index`.
  ///
  /// A slice whose indices are those of `values`, without a copy.
  public func row(_ index: Int) -> ArraySlice<Float> {
    values[index * columns..<(index + 1) * columns]
  }

  /// The same elements seen with another shape of equal count.
  ///
  /// A shape of another count is a programmer's error.
  public func reshaped(_ shape: [Int]) -> Tensor { Tensor(shape: shape, values: values) }

  /// The chosen rows, in the given order.
  ///
  /// The shape is `[indices.count]` and the row's own; an index may come again.
  public func rows(at indices: some Collection<Int>) -> Tensor {
    var gathered: [Float] = []
    gathered.reserveCapacity(indices.count * columns)
    for index in indices { gathered.append(contentsOf: row(index)) }
    return Tensor(shape: [indices.count] + shape.dropFirst(), values: gathered)
  }
}
