public import PostgreSQL

extension Connection {
  /// Changes what nobody may change, as a fault of the disk or an earlier version would have it.
  ///
  /// No trigger runs meanwhile, and no foreign key is checked.
  public func forge(_ statement: SQL) throws {
    try script("SET session_replication_role = replica")
    defer { try? script("RESET session_replication_role") }
    try execute(statement)
  }
}
