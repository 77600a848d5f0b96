public import Astronomy
internal import CHEALPix

/// A cell of the HEALPix tessellation of the sphere, in the nested scheme.
///
/// By Górski et al. 2005, ApJ 622, 759. There are 12·4^order cells of one area; each has four of the next order in it, whose numbers follow.
public struct HEALPixCell: Hashable, Sendable {
  /// 0 to ``finest``.
  public let order: Int
  /// The number among the cells of the order.
  public let number: Int64

  /// The highest order whose cells can be numbered: 0.4 milliarcseconds wide.
  public static let finest = 29

  /// The cell of a number.
  public init(order: Int, number: Int64) {
    self.order = order
    self.number = number
  }

  /// The cell that holds a position.
  public init(of position: SkyPosition, order: Int = finest) {
    var number: Int64 = 0
    ang2pix_nest64(
      1 << order, (90 - position.dec).radians, position.ra.wrapped.radians, &number)
    self.init(order: order, number: number)
  }

  /// The numbers of the cells of a higher order that lie in it.
  public func numbers(order: Int) -> Range<Int64> {
    let shift = 2 * (order - self.order)
    return number << shift..<(number + 1) << shift
  }

  /// The four cells of the next order that lie in it.
  public var parts: [HEALPixCell] {
    numbers(order: order + 1).map { HEALPixCell(order: order + 1, number: $0) }
  }
}
