package import Tensor

extension Tensor {
  /// Embeddings on the plane of their first two principal components, for people to look at.
  ///
  /// Of `[n, dimensions]` in rows of length 1, all finite, it makes `[n, 2]`, divided by the
  /// greatest magnitude; zeros where there are too few to span a plane.
  package func onPrincipalPlane() -> Tensor {
    guard rows > 2, columns > 1 else { return Tensor([rows, 2]) }
    var plane = PCA(fitting: self, components: 2).project(self)
    let greatest = plane.values.reduce(0) { max($0, abs($1)) }
    if greatest > 0 { for index in plane.values.indices { plane.values[index] /= greatest } }
    return plane
  }
}
