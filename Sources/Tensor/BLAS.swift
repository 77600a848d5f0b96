internal import COpenBLAS

public func multiply(
  _ a: Tensor, transposed aTransposed: Bool, _ b: Tensor, transposed bTransposed: Bool
) -> Tensor {
  openblas_set_num_threads(1)
  let m = aTransposed ? a.columns : a.rows
  let k = aTransposed ? a.rows : a.columns
  let n = bTransposed ? b.rows : b.columns
  return Tensor(shape: [m, n]) { out in
    cblas_sgemm(
      CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans,
      bTransposed ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, a.values,
      Int32(a.columns), b.values, Int32(b.columns), 0, out.baseAddress, Int32(n))
  }
}
