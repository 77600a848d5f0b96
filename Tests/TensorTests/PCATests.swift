import Tensor
import Testing

@Suite("Principal components")
struct PCATests {
  private let pca = PCA(fitting: points(60, 8), components: 3)

  @Test("Variances and their ratios are scikit-learn's, to 1e-5")
  func variances() {
    let expected = [5.210502, 4.0141539, 1.4852965]
    let ratios = [0.3495609, 0.2693006, 0.0996452]
    for index in 0..<3 {
      #expect(agree(pca.variances[index], expected[index], 1e-5))
      #expect(agree(pca.varianceRatios[index], ratios[index], 1e-5))
    }
  }

  @Test("The first component is scikit-learn's, to 1e-5")
  func component() {
    let expected: [Float] = [
      -0.3590239, 0.3476513, 0.0125879, -0.414791, 0.4076504, 0.0429755, -0.433903, 0.4708852,
    ]
    for (value, golden) in zip(pca.components.row(0), expected) {
      #expect(agree(value, golden, 1e-5))
    }
  }

  @Test("Projected points are centred and have the components' variances")
  func projection() {
    let projected = pca.project(points(60, 8))
    #expect(projected.shape == [60, 3])
    for column in 0..<3 {
      let values = (0..<60).map { Double(projected.values[$0 * 3 + column]) }
      let square = values.reduce(0) { $0 + $1 * $1 } / 59
      #expect(abs(values.reduce(0, +)) < 1e-4)
      #expect(agree(square, pca.variances[column], 1e-5))
    }
  }

  @Test("No more components than dimensions")
  func bounded() { #expect(PCA(fitting: points(5, 2), components: 9).components.rows == 2) }
}
