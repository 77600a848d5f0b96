extension EvaluationReport {
  /// The map of the embeddings by predicted and by true class, or a sentence where there is none.
  func mapSection() throws -> [Markup] {
    guard let map else {
      return [
        Markup(
          "p", [:],
          [
            .text("There are no embeddings of this survey, so there is no map: "),
            Markup("code", text: "reber embed"), .text(" makes some."),
          ])
      ]
    }
    let judged = map.truth.count { $0 != nil }
    return [
      Markup(
        "div", ["class": "pair"],
        [
          try figure(
            MapFigure(map.points, classes: map.predicted, title: "Embeddings by predicted class"),
            "Predicted class of \(map.points.count) sources, judged or not."),
          try figure(
            MapFigure(map.points, classes: map.truth, title: "Embeddings by true class"),
            "True class of the \(judged) judged sources among them; the others are grey."),
        ]), legend,
      Markup(
        "p", ["class": "caption"],
        text: """
          Embeddings by encoder \(map.model), brought to length 1 and projected on their first two \
          principal components, in units of the greatest coordinate.
          """),
    ]
  }

  private func figure(_ map: MapFigure, _ caption: String) throws -> Markup {
    Markup(
      "figure", [:],
      [try map.drawing().markup, Markup("figcaption", text: caption)])
  }

  private var legend: Markup {
    let items = classes.enumerated().map { index, name in
      let look = ClassLook(index)
      let path = look.symbol.path(at: Point(7, 7), radius: 5)
      return Markup(
        "li", [:],
        [
          Markup(
            "svg",
            [
              "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 14 14", "width": "14",
              "height": "14", "aria-hidden": "true",
            ], [Markup("path", ["d": path, "fill": look.colour])]), .text(" " + name),
        ])
    }
    return Markup("ul", ["class": "legend"], items)
  }
}
