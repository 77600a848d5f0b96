internal import COpenBLAS

/// The product of two matrices, each transposed or not, `[m, n]`.
///
/// Work is spread over the cores in fixed blocks of rows, so that the result does not depend on how
/// many there are.
public func multiply(
  _ a: Tensor, transposed aTransposed: Bool, _ b: Tensor, transposed bTransposed: Bool
) -> Tensor {
  let m = aTransposed ? a.columns : a.rows
  let n = bTransposed ? b.rows : b.columns
  precondition(
    (aTransposed ? a.rows : a.columns) == (bTransposed ? b.columns : b.rows),
    "matrices of shapes \(a.shape) and \(b.shape) do not match")
  return Tensor(shape: [m, n]) { out in
    nonisolated(unsafe) let out = out
    a.values.withUnsafeBufferPointer { aValues in
      b.values.withUnsafeBufferPointer { bValues in
        guard let left = aValues.baseAddress, let right = bValues.baseAddress,
          let target = out.baseAddress
        else { return out.update(repeating: 0) }
        let whole = Matrix(left, a.rows, a.columns, transposed: aTransposed)
        let other = Matrix(right, b.rows, b.columns, transposed: bTransposed)
        nonisolated(unsafe) let start = target
        parallel(over: m, chunk: 256) { _, rows in
          sgemm(whole.part(rows), other, into: start + rows.lowerBound * n)
        }
      }
    }
  }
}

/// A matrix in memory that somebody else owns.
///
/// Unchecked, because it is a view that is only read.
package struct Matrix: @unchecked Sendable {
  let base: UnsafePointer<Float>

  /// Rows and columns as the product sees them.
  let rows: Int
  let columns: Int

  let leading: Int
  let transposed: Bool

  /// A stored matrix of so many rows and columns, which the product may see transposed.
  package init(
    _ base: UnsafePointer<Float>, _ rows: Int, _ columns: Int, transposed: Bool = false
  ) {
    self.base = base
    self.rows = transposed ? columns : rows
    self.columns = transposed ? rows : columns
    self.leading = columns
    self.transposed = transposed
  }

  private init(part: Range<Int>, of whole: Matrix) {
    base = whole.base + part.lowerBound * (whole.transposed ? 1 : whole.leading)
    rows = part.count
    columns = whole.columns
    leading = whole.leading
    transposed = whole.transposed
  }

  /// Some of the rows that the product sees.
  func part(_ rows: Range<Int>) -> Matrix { Matrix(part: rows, of: self) }
}

/// Writes or adds the product of two matrices, on the calling thread alone.
package func sgemm(
  _ a: Matrix, _ b: Matrix, into target: UnsafeMutablePointer<Float>, adding: Bool = false
) {
  _ = oneThread
  cblas_sgemm(
    CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
    b.transposed ? CblasTrans : CblasNoTrans, Int32(a.rows), Int32(b.columns), Int32(a.columns), 1,
    a.base, Int32(max(1, a.leading)), b.base, Int32(max(1, b.leading)), adding ? 1 : 0, target,
    Int32(max(1, b.columns)))
}

/// OpenBLAS must not start threads of its own; whoever calls it asks for this first.
///
/// Work is spread over the cores above it, and with several threads it rounds otherwise.
let oneThread: Void = openblas_set_num_threads(1)
