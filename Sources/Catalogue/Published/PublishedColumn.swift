import Astronomy
import PostgreSQL

/// A column of a catalogue that is about to be published.
struct PublishedColumn {
  /// The name.
  var name: String
  /// Where its value comes from, as `Publication.build` joins the tables.
  var source: SQL
  /// The unit.
  var unit: String?
  /// The IVOA Unified Content Descriptor.
  var ucd: String?
  /// What it holds.
  var description: String?

  init(
    _ name: String, _ source: SQL, unit: String? = nil, ucd: String?, _ description: String?
  ) {
    self.name = name
    self.source = source
    self.unit = unit
    self.ucd = ucd
    self.description = description
  }

  /// The columns of a publication, in their order.
  static func all(of publication: Publication, in database: Connection) throws -> [Self] {
    let (scheme, classes) = try publication.model.classes(in: database)
    let said =
      scheme.isTags ? tagVerdict : verdict + sets(publication.sets, of: classes, scheme: scheme)
    let ours = identity + said + probabilities(of: classes) + quality
    let chosen = try OwnColumn.all(of: publication.survey, in: database)
      .filter { publication.columns.contains($0.column.name) }
    return chosen.reduce(into: ours) { columns, own in
      columns.append(own.published(besides: Set(columns.map(\.name))))
    }
  }

  private static func probabilities(of classes: [ModelClass]) -> [Self] {
    classes.enumerated().map { ordinal, item in
      Self(
        name(of: item), "prediction.probabilities[\(raw: String(ordinal + 1))]",
        ucd: "stat.probability;src.class", "Probability of class '\(item.name)'")
    }
  }

  /// What the column of a class's probability is called.
  static func name(of item: ModelClass) -> String { "p_" + ClassScheme.columnName(item.name) }

  private static let identity = [
    Self("name", "source.name", ucd: "meta.id;meta.main", "Identifier within the survey"),
    Self("designation", "source.designation", ucd: "meta.id", "IAU-style designation"),
    Self("ra", "source.ra", unit: "deg", ucd: "pos.eq.ra;meta.main", "Right ascension, ICRS"),
    Self("dec", "source.dec", unit: "deg", ucd: "pos.eq.dec;meta.main", "Declination, ICRS"),
    Self(
      "total_flux", "source.total_flux", unit: "Jy", ucd: "phot.flux.density;em.radio",
      "Integrated flux density"),
    Self(
      "peak_flux", "source.peak_flux", unit: "Jy/beam",
      ucd: "phot.flux.density;em.radio;stat.max", "Peak brightness"),
    Self(
      "rms", "source.rms", unit: "Jy/beam", ucd: "stat.error;phot.flux.density;em.radio",
      "Local noise"),
    Self(
      "major_axis", "source.major_axis", unit: "arcsec", ucd: "phys.angSize.smajAxis",
      "Largest angular size or fitted major axis"),
  ]

  private static let verdict = [
    Self("class", "class.name", ucd: "src.class", "The most probable class"),
    Self(
      "probability", "prediction.probability", ucd: "stat.probability;src.class",
      "Probability of the most probable class"),
    Self(
      "unlikeness", "prediction.unlikeness", ucd: "stat.fit.goodness;src.class",
      "Part of the held-out labelled sources that are less unlike what was labelled; near 1 is unlike "
        + "anything labelled"),
    Self("label", "labelled.name", ucd: "src.class", "What people said the source is"),
  ]

  /// Of a classification of tags.
  private static let tagVerdict =
    [
      Self(
        "class", "class.name", ucd: "src.class", "The most probable tag, whether it applies or not"),
      Self(
        "probability", "prediction.probability", ucd: "stat.probability;src.class",
        "Probability of the most probable tag"),
      Self(
        "tags", "reber.tags_of(prediction.model_id, prediction.probabilities)", ucd: "src.class",
        "The tags whose probability reaches their threshold, with ; between them"),
    ] + verdict.dropFirst(2)

  private static let quality = [
    Self(
      "at_edge", "cutout.at_edge", ucd: "meta.code.qual", "The image reaches beyond the survey's"),
    Self(
      "non_finite", "cutout.non_finite", ucd: "stat.value;arith.ratio",
      "Share of the image's pixels without a value"),
    Self(
      "classification_run", "prediction.run_id", ucd: "meta.id", "Row of reber.run that classified"),
  ]
}
