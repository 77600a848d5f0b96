/// Where learning finds its images: in memory, or wherever somebody keeps them.
public protocol ImageSource: Sendable {
  /// How many images there are.
  var count: Int { get }

  /// The images at some of the places `0..<count`, in the order asked for.
  ///
  /// It is asked while the network learns from other images.
  func images(at places: [Int]) async throws -> [Prepared]
}

/// Images that are all in memory.
extension Array: ImageSource where Element == Prepared {
  public func images(at places: [Int]) -> [Prepared] { places.map { self[$0] } }
}
