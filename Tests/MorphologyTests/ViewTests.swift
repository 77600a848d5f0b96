import Foundation
import Morphology
import Tensor
import Testing

@Suite("Views")
struct ViewTests {
  @Test("The same stream gives the same view, another stream another")
  func streams() throws {
    let source = try small().prepare(double())
    let views = [1, 1, 2].map { (seed: UInt64) in
      var random = RandomStream(seed)
      return ViewRecipe().view(of: source, using: &random)
    }
    #expect(views[0] == views[1])
    #expect(views[0] != views[2])
  }

  @Test("A recipe with all off gives the plain view")
  func allOff() throws {
    let source = try small().prepare(double())
    var random = RandomStream(1)
    var recipe = ViewRecipe()
    (recipe.rotates, recipe.flips, recipe.shift) = (false, false, 0)
    (recipe.zoom, recipe.blur, recipe.noise, recipe.intensity) = (nil, nil, nil, nil)
    recipe.structural = nil
    #expect(difference(recipe.view(of: source, using: &random), source.plain()) < 1e-5)
  }

  @Test("Views are finite, in [0, 1], and reach 1 near their peak")
  func range() throws {
    let source = try small().prepare(double())
    for number in 0..<200 {
      var random = RandomStream(9, number)
      let view = ViewRecipe().view(of: source, using: &random)
      #expect(view.values.allSatisfy { $0 >= 0 && $0 <= 1.000001 })
      #expect((view.values.max() ?? 0) > 0.99)
    }
  }

  @Test("Test views are all different, four and four of the same pixels, zoomed from end to end")
  func testViews() throws {
    let source = try small().prepare(double())
    let set = TestViews(count: 16, zoom: ViewRecipe.Range(0.8, 1.25))
    let views = (0..<16).map { set.view($0, of: source) }
    #expect(Set(views.map(\.values)).count == 16)
    #expect(Set(views.map { $0.values.sorted() }).count == 4)
    let lit = stride(from: 0, to: 16, by: 4).map { views[$0].values.count { $0 > 0.2 } }
    #expect(lit == lit.sorted() && Double(lit[3]) > 1.3 * Double(lit[0]))
    #expect(throws: MorphologyError.self) { try TestViews(count: 6).check() }
  }

  @Test("The test views of a source turned by a quarter are the same views, to 1e-5")
  func turnedTestViews() throws {
    let set = TestViews(count: 8, zoom: ViewRecipe.Range(0.9, 1.15))
    let image = double()
    let (one, other) = try (small().prepare(image), small().prepare(image.turned()))
    for number in 0..<8 {
      let view = set.view(number, of: one)
      let least = (0..<8).map { difference(view, set.view($0, of: other)) }.min() ?? 1
      #expect(least < 1e-5)
    }
  }

  @Test("Most structural views lie in the band of similarity, and none is the plain view")
  func structural() throws {
    let source = try small(64).prepare(double())
    var recipe = ViewRecipe()
    (recipe.rotates, recipe.flips, recipe.shift, recipe.zoom) = (false, false, 0, nil)
    var structural = StructuralView()
    structural.probability = 1
    structural.tries = 20
    recipe.structural = structural
    let similar = (0..<50).map { number in
      var random = RandomStream(4, number)
      let view = recipe.view(of: source, using: &random)
      return structuralSimilarity(source.plain(), view, floor: structural.background)
    }
    let inside = similar.count { (0.35...0.85).contains($0) }
    #expect(inside >= 45, "\(similar)")
    #expect(similar.allSatisfy { $0 < 0.999 })
  }

  @Test("Structural views work on cutouts clipped before")
  func clipped() throws {
    var image = double()
    for index in image.values.indices { image.values[index] = max(image.values[index] - 0.04, 0) }
    let source = try small().prepare(image)
    #expect(source.sigma == 0)
    var random = RandomStream(1)
    let view = ViewRecipe().view(of: source, using: &random)
    #expect((view.values.max() ?? 0) > 0.99)
  }

  @Test("A recipe survives JSON")
  func codable() throws {
    for recipe in [ViewRecipe(), .mild] {
      let data = try JSONEncoder().encode(recipe)
      #expect(try JSONDecoder().decode(ViewRecipe.self, from: data) == recipe)
    }
  }
}
