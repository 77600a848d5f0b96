import Tensor
import Testing

@Suite("k-means")
struct KMeansTests {
  @Test("From given centroids it ends where scikit-learn's Lloyd ends, to 1e-5")
  func lloyd() {
    let cloud = points(60, 8)
    let found = KMeans(cloud, from: cloud.rows(at: 0..<3))
    #expect(agree(found.inertia, 454.8599854, 1e-5))
    #expect((0..<3).map { cluster in found.assignments.count { $0 == cluster } } == [21, 22, 17])
  }

  @Test("With restarts it comes within 2% of the best of scikit-learn's 200 starts")
  func restarts() {
    let found = KMeans(points(60, 8), clusters: 6, restarts: 20)
    #expect(found.inertia < 311.5719604 * 1.02)
    #expect(found.inertia > 311.5719604 * 0.9999)
  }

  @Test("The same seed gives the same clusters; another seed another start")
  func seeds() {
    let cloud = points(300, 8)
    #expect(KMeans(cloud, clusters: 12, seed: 3) == KMeans(cloud, clusters: 12, seed: 3))
    #expect(
      KMeans(cloud, clusters: 12, restarts: 1, rounds: 1, seed: 3)
        != KMeans(cloud, clusters: 12, restarts: 1, rounds: 1, seed: 4))
  }

  @Test("More clusters than different points leaves none empty of meaning")
  func duplicates() {
    let cloud = Tensor([5, 3], repeating: 1)
    let found = KMeans(cloud, clusters: 4)
    #expect(found.inertia == 0)
    #expect(found.centroids.values.allSatisfy { $0.isFinite })
  }
}
