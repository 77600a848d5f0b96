package import Tensor

extension Tensor {
  /// Embeddings on the plane of their first two principal components, for people to look at.
  ///
  /// Of `[n, dimensions]` in rows of length 1, all finite, it makes `[n, 2]`, divided by the
  /// greatest magnitude; zeros where there are too few to span a plane.
  package func onPrincipalPlane() -> Tensor {
    guard rows > 2, columns > 1 else { return Tensor([rows, 2]) }
    return PCA(fitting: self, components: 2).project(self).dividedByGreatest()
  }

  /// Points of a principal space, whose columns are components already, on the plane of the first two: as
  /// ``onPrincipalPlane()`` gives embeddings.
  package func onFirstPlane() -> Tensor {
    guard rows > 2, columns > 1 else { return Tensor([rows, 2]) }
    return Tensor(shape: [rows, 2], values: (0..<rows).flatMap { row($0).prefix(2) })
      .dividedByGreatest()
  }

  private func dividedByGreatest() -> Tensor {
    let greatest = values.reduce(0) { max($0, abs($1)) }
    return greatest > 0 ? Tensor(shape: shape, values: values.map { $0 / greatest }) : self
  }
}
