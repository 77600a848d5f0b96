public import PostgreSQL

/// The stages, as they stand in `reber.run.stage` and on the command line.
public enum StageName: String, Codable, CaseIterable, PostgresColumn {
  case ingest
  case pretrain
  case embed
  case cluster
  case label
  case finetune
  case classify
  case evaluate
  case crossvalidate
  case drift
  case match
  case publish
  case modelImport = "model import"

  /// Whether several processes may do its work at once.
  public var isShared: Bool {
    [.ingest, .embed, .classify, .crossvalidate, .publish].contains(self)
  }

  /// The stages that can be asked for by their survey alone, as `reber.ask_for` has them.
  public static let askable: [StageName] = [
    .pretrain, .embed, .cluster, .finetune, .classify, .publish,
  ]

  /// The tables that it fills, but for partitions, of which the planner is told by those who fill them.
  ///
  /// The planner is told when it has: autovacuum may take a minute to notice, and until then
  /// queries over new rows are planned for empty tables.
  var tables: [String] {
    switch self {
    case .pretrain, .finetune: ["reber.training_source"]
    case .cluster: ["reber.cluster"]
    case .label: ["reber.label"]
    case .evaluate: ["reber.judged"]
    case .match: ["reber.physical_source", "reber.source_identity", "reber.source_join"]
    case .ingest, .embed, .classify, .crossvalidate, .drift, .publish, .modelImport: []
    }
  }
}
