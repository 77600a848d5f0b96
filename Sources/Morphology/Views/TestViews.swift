package import Tensor

/// The views of a source that a mean is taken over when it is judged or embedded (test-time
/// augmentation): turned and zoomed in even steps, with no chance in them.
///
/// Networks learn from turned and zoomed views, which are resampled and so a little smoother than a
/// plain one: plain views and their quarter turns would be of another kind than those learned from.
/// The set is closed under quarter turns: a source turned by one has the same mean.
public struct TestViews: Codable, Sendable, Hashable {
  /// How many, a multiple of 4.
  public var count: Int

  /// Zooms about the centre, spread evenly; `nil` zooms none.
  public var zoom: ViewRecipe.Range?

  /// Chooses the views.
  public init(count: Int = 8, zoom: ViewRecipe.Range? = nil) {
    self.count = count
    self.zoom = zoom
  }

  /// Refuses a number of which no set can be made.
  ///
  /// - Throws: `MorphologyError.badOptions`.
  package func check() throws {
    guard count > 0, count.isMultiple(of: 4) else {
      throw MorphologyError.badOptions("\(count) views to take the mean over: give a multiple of 4")
    }
  }

  /// All views of sources, source by source, `[n * count, size, size, 1]` in [0, 1].
  func all(of sources: ArraySlice<Prepared>) -> Tensor {
    images(sources.count * count, side: sources.first?.preprocessing.size ?? 0) {
      view($0 % count, of: sources[sources.startIndex + $0 / count])
    }
  }

  /// One view, `[size, size]`: four that follow each other are quarter turns, and every second four
  /// are mirrored.
  package func view(_ number: Int, of source: Prepared) -> Tensor {
    let place = placement(number)
    var view = source.placed(
      angle: place.quarter * .pi / 2, zoom: place.zoom, mirrored: place.mirrored)
    source.stretch(&view)
    for _ in 0..<place.turns { view = view.turned() }
    return view
  }

  /// How a view lies: mirrored, zoomed and turned by a part of a quarter, then by quarters.
  func placement(_ number: Int) -> (quarter: Float, zoom: Float, mirrored: Bool, turns: Int) {
    let (four, turns) = (number / 4, number % 4)
    let place = (Float(four) + 0.5) / Float(count / 4)
    return (place, zoom.map { $0.at(place) } ?? 1, !four.isMultiple(of: 2), turns)
  }
}
