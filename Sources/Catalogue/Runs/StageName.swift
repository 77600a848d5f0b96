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
  case publish

  /// The tables that it fills.
  ///
  /// The planner is told when it has: autovacuum may take a minute to notice, and until then
  /// queries over new rows are planned for empty tables.
  var tables: [String] {
    switch self {
    case .ingest: ["reber.source", "reber.cutout"]
    case .pretrain, .finetune: ["reber.training_source"]
    case .embed: ["reber.embedding"]
    case .cluster: ["reber.cluster", "reber.cluster_member"]
    case .label: ["reber.label"]
    case .classify: ["reber.prediction"]
    case .evaluate: ["reber.judged"]
    case .crossvalidate, .drift, .publish: []
    }
  }
}
