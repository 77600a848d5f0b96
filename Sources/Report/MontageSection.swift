import Catalogue
import Stages

extension EvaluationReport {
  /// The surest and the most doubtful sources of every class, with their pictures.
  var montageSection: [Markup] { montages.flatMap(montage) }

  private func montage(_ montage: ClassMontage) -> [Markup] {
    let heading = Markup(
      "h3", text: "\(montage.className): said of \(montage.sources) of \(metrics.sources) sources")
    guard !montage.shown.isEmpty else { return [heading] }
    return [heading] + strip("most certain", montage.surest)
      + strip("least certain", montage.doubtful)
  }

  private func strip(_ title: String, _ sources: [JudgedSource]) -> [Markup] {
    guard !sources.isEmpty else { return [] }
    return [
      Markup("p", ["class": "strip"], text: title),
      Markup("ul", ["class": "montage"], sources.map(item)),
    ]
  }

  private func item(_ source: JudgedSource) -> Markup {
    let picture = pictures[source.id].map { png in
      Markup(
        "img",
        ["src": dataAddress(png: png), "alt": source.name, "width": "96", "height": "96"])
    }
    let truth =
      source.isRight
      ? Markup("span", text: "is \(source.truth)")
      : Markup("strong", text: "× is \(source.truth)")
    return Markup(
      "li", ["class": source.isRight ? "right" : "wrong"],
      [
        picture ?? Markup("span", ["class": "blank"], text: "no image"),
        Markup("span", ["class": "name"], text: source.name),
        Markup(
          "span", text: "\(source.predicted), p = \(probability(source.probability))"),
        truth,
      ])
  }

  /// With as many decimals as it takes not to look certain.
  private func probability(_ value: Float) -> String {
    let text = fixed(value, 3)
    return text == "1.000" && value < 1 ? "> 0.999" : text
  }
}
