import Astronomy

/// Where a source lies on an image of several, in pixels as its catalogue counts them.
public struct PixelBox: Sendable, Equatable {
  /// Along the columns: the source's pixel or, of a box with sides, the corner of the least numbers.
  public var x: Double

  /// Along the rows, likewise.
  public var y: Double

  /// The side of the box around the source along the columns; 0 where only its pixel is known.
  public var width: Double

  /// That along the rows, likewise.
  public var height: Double

  /// The middle of the source.
  public var centre: (x: Double, y: Double) { (x + width / 2, y + height / 2) }

  /// The larger of the sides; `nil` where only the source's pixel is known.
  public var extent: Double? { max(width, height) > 0 ? max(width, height) : nil }

  /// The columns of the catalogue that hold it, by name.
  public struct Names: Sendable {
    /// That of the places along the image's columns.
    public var x: String?
    /// That of the places along its rows.
    public var y: String?
    /// That of the boxes' sides along its columns.
    public var width: String?
    /// That of the sides along its rows.
    public var height: String?

    /// Names the columns.
    public init(x: String? = nil, y: String? = nil, width: String? = nil, height: String? = nil) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }
  }

  /// What the columns say; `nil` without both coordinates.
  init?(x: String?, y: String?, width: String?, height: String?) {
    let numbers = [x, y, width, height].map { $0.flatMap { Double(catalogue: $0) } }
    guard let x = numbers[0], let y = numbers[1] else { return nil }
    (self.x, self.y) = (x, y)
    (self.width, self.height) = (numbers[2] ?? 0, numbers[3] ?? 0)
  }
}
