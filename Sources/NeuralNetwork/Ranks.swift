public import Tensor

/// Processes that learn as one, perhaps on several machines: each computes with its share of every
/// batch, and all hold the same weights.
///
/// One of them is a rank, numbered from 0, as in MPI. All make the same calls in the same order, and
/// each gets the same answer to the bit. What is added up is added in an order that hangs on the
/// number of ranks alone: as many of them give the same bytes again. A process by itself is
/// ``Alone``; processes that MPI started are `MPIRanks` of the module MPI.
public protocol Ranks: Sendable {
  /// The number of this one.
  var rank: Int { get }

  /// How many there are.
  var count: Int { get }

  /// How many of them are on this machine and share its memory.
  var onThisMachine: Int { get }

  /// Waits until all are here, however long that takes: before and behind what one of them does alone.
  ///
  /// In all other calls a rank that does not come within a minute counts as dead.
  func meet()

  /// Replaces numbers by their sums over the ranks.
  func sum(_ values: UnsafeMutableBufferPointer<Double>)

  /// Begins to sum numbers over the ranks while something else is computed.
  ///
  /// - Parameters:
  ///   - values: What this rank has; nobody changes it until the sums are there.
  ///   - sums: Other memory, as long, where they go.
  /// - Returns: Waits for the sums.
  func beginSum(
    of values: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Float>
  ) -> () -> Void

  /// What each has, by the number of the rank; each may have another number of bytes, in all 2 GB at
  /// most.
  func gather(_ bytes: [UInt8]) -> [[UInt8]]

  /// Ends the work together.
  func leave()
}

extension Ranks {
  /// Whether it is the one that writes and speaks for all.
  public var isFirst: Bool { rank == 0 }

  /// The sum over the ranks.
  public func sum(_ value: Double) -> Double {
    var value = value
    withUnsafeMutablePointer(to: &value) { sum(UnsafeMutableBufferPointer(start: $0, count: 1)) }
    return value
  }

  /// The rows of all below each other, `[n, …]`, and which of them are this one's.
  public func gather(_ rows: Tensor) -> (rows: Tensor, own: Range<Int>) {
    guard count > 1 else { return (rows, 0..<rows.rows) }
    let parts = gather(rows.values.withUnsafeBytes { Array($0) })
    let size = 4 * rows.columns
    let first = parts[..<rank].reduce(0) { $0 + $1.count } / size
    let all = parts.joined()
    let whole = Tensor(shape: [all.count / size] + rows.shape.dropFirst()) {
      UnsafeMutableRawBufferPointer($0).copyBytes(from: all)
    }
    return (whole, first..<first + rows.rows)
  }

  /// What the first rank has.
  public func fromFirst(_ bytes: [UInt8]) -> [UInt8] { gather(isFirst ? bytes : [])[0] }

  /// The part of so many items that is this one's: parts follow each other, and differ by one item at
  /// most.
  public func share(of items: Int) -> Range<Int> {
    items * rank / count..<items * (rank + 1) / count
  }
}

/// A process that learns by itself.
public struct Alone: Ranks {
  /// The only one.
  public init() {}

  public var rank: Int { 0 }

  public var count: Int { 1 }

  public var onThisMachine: Int { 1 }

  public func meet() {}

  public func sum(_ values: UnsafeMutableBufferPointer<Double>) {}

  public func beginSum(
    of values: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Float>
  ) -> () -> Void {
    _ = sums.update(from: values)
    return {}
  }

  public func gather(_ bytes: [UInt8]) -> [[UInt8]] { [bytes] }

  public func leave() {}
}
