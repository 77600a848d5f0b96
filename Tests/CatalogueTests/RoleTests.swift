import Catalogue
import Foundation
import PostgreSQL
import TestSupport
import Testing

/// Each role may do what it is for and nothing else, and nobody may change what people or finished runs
/// have written.
@Suite struct RoleTests {
  /// What a role may do: the statements that the roles may run, and no other role.
  private static let rights: [(roles: Set<Role>, statements: [String])] = [
    (
      Set(Role.allCases),
      [
        "TABLE reber.labelling_rate", "TABLE catalogue.sky", "TABLE survey.sky",
        "TABLE reber_partition.source_1", "SELECT reber.neighbours('sky', 's1')",
        "SELECT reber.source_lineage('sky', 's1')", "CREATE TEMPORARY TABLE mine (a integer)",
      ]
    ),
    (
      [.annotator, .pipeline, .owner],
      [
        """
        INSERT INTO reber.label (survey_id, source_id, class_scheme_id, class_id, annotator, method)
        SELECT survey_id, source_id, 1, 2, 'me', 'single' FROM reber.source
        """
      ]
    ),
    (
      [.annotator, .owner],
      [
        """
        INSERT INTO reber.labelling_action (survey_id, class_scheme_id, annotator, kind, class_id, shown)
        VALUES (1, 1, 'me', 'single', 2, 1)
        """,
        "INSERT INTO reber.visit VALUES (sha256(''), 'me', now())",
        "INSERT INTO reber.growth_decision SELECT growth_id, 1, 1, 'match' FROM reber.growth",
      ]
    ),
    (
      [.pipeline, .owner],
      [
        "INSERT INTO reber.survey (name) VALUES ('mine')",
        "UPDATE reber.source SET name = name || 'x'",
        "UPDATE reber.cutout SET is_current = false", "SELECT nextval('reber.source_id_seq')",
        "SELECT reber.open_partition('reber.source', 9)",
        "SELECT reber.tell_planner('reber.label')", "CREATE TABLE catalogue.mine (a integer)",
        "CREATE TABLE survey.mine (a integer)",
        "SELECT reber.make_everything(false); DROP TABLE catalogue.sky",
        "UPDATE reber.run SET progress = '{}' WHERE status = 'running'",
      ]
    ),
    (
      [.owner],
      [
        "CREATE TABLE reber.mine (a integer)", "ALTER TABLE reber.label ADD COLUMN mine integer",
        "DROP TABLE reber.label CASCADE", "DROP TABLE reber_partition.prediction_3 CASCADE",
        "INSERT INTO reber.schema_migration VALUES (99, 'x', 'x')",
        "UPDATE reber.cluster SET members = members", "DELETE FROM reber.agreed",
        "UPDATE reber.label_count SET sources = 99", "DELETE FROM reber.source WHERE name = ''",
        "UPDATE reber_partition.source_1 SET name = name",
        "DELETE FROM reber_partition.prediction_3 WHERE false",
      ]
    ),
    (
      [],
      [
        "CREATE ROLE mine", "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
      ]
    ),
  ]

  @Test(arguments: Role.allCases) func aRoleMayDoWhatItIsForAndNothingElse(_ role: Role) throws {
    let sky = try ClassifiedSky(as: .pipeline)
    try sky.publish()
    let database = sky.database
    try database.script("RESET ROLE")
    let member = "m\(UUID().uuidString.lowercased().filter { $0 != "-" })"
    try database.script(
      "CREATE ROLE \(member) IN ROLE \(role.rawValue); SET SESSION AUTHORIZATION \(member)")
    #expect(try role.take(in: database) && role.isTaken(in: database))
    for (roles, statements) in Self.rights {
      for statement in statements {
        let result = Result {
          try database.script("BEGIN")
          defer { try? database.script("ROLLBACK") }
          try database.script(statement)
        }
        if roles.contains(role) {
          #expect(throws: Never.self, "\(statement)") { try result.get() }
        } else {
          let error = #expect(throws: PostgresError.self, "\(statement)") { try result.get() }
          #expect(
            error?.state == .insufficientPrivilege, "\(statement): \(String(describing: error))")
        }
      }
    }
  }

  /// What not even who owns the tables may do, with a word of the reason.
  private static let kept = [
    "DELETE FROM reber.label": "append-only", "UPDATE reber.label SET class_id = 1": "append-only",
    "TRUNCATE reber.label CASCADE": "append-only",
    "DELETE FROM reber.growth_decision": "append-only",
    "UPDATE reber.labelling_action SET class_id = 1": "append-only",
    "UPDATE reber.growth SET annotator = 'you'": "kept",
    "DELETE FROM reber.run WHERE status = 'finished'": "kept",
    "UPDATE reber.run SET metrics = '{\"f1\": 1}' WHERE status = 'finished'": "kept",
    "UPDATE reber.run SET status = 'running', finished_at = NULL": "kept",
    "TRUNCATE reber.run CASCADE": "kept",
    "INSERT INTO reber.run_input SELECT run_id, 'file', 'x', 'ab' FROM reber.run": "is finished",
    "UPDATE reber.run_parent SET role = 'other'": "is finished",
    "DELETE FROM reber.run_parent": "is finished",
    "INSERT INTO reber.rejected (run_id, file, reason) SELECT run_id, 'x', 'y' FROM reber.run":
      "is finished",
    "INSERT INTO reber.coverage SELECT run_id, 0.5, 1, 1, 1 FROM reber.run": "is finished",
    "UPDATE reber.model SET sha256 = 'cd'": "kept",
    "UPDATE reber.model_weights SET weights = '\\x00'": "kept",
    "DELETE FROM reber.model_class": "kept", "TRUNCATE reber.model_weights": "kept",
    "UPDATE reber.prediction SET probability = 1": "kept", "DELETE FROM reber.prediction": "kept",
    "DELETE FROM reber.embedding": "kept", "DELETE FROM reber.cluster_member": "kept",
    "UPDATE reber.cutout_pixels SET pixels = '\\x00'": "kept",
    "UPDATE reber.cutout SET width = 2": "kept", "DELETE FROM reber.cutout": "kept",
    "DELETE FROM reber.source_superseded": "kept",
  ]

  @Test func whatPeopleOrFinishedRunsWroteNobodyChanges() throws {
    let database = try ClassifiedSky().database
    for (statement, reason) in Self.kept {
      let error = #expect(throws: PostgresError.self, "\(statement)") {
        try database.script(statement)
      }
      #expect(error?.message.contains(reason) == true, "\(statement): \(String(describing: error))")
    }
  }

  @Test func aSurveyGoesItsWholeWayInTheRoleOfThePipeline() throws {
    let sky = try ClassifiedSky(as: .pipeline)
    let database = sky.database
    try sky.publish()
    // A view of somebody else is led over to the next publication, which is made in the role too.
    try database.script(
      "RESET ROLE; CREATE VIEW public.mine AS SELECT name FROM catalogue.sky; SET ROLE reber_pipeline"
    )
    try sky.publish(columns: ["Field"])
    #expect(try Role.pipeline.isTaken(in: database))
    #expect(
      try database.rows(
        """
        SELECT DISTINCT relowner::regrole::text FROM pg_class
        WHERE oid IN ('catalogue.sky'::regclass, 'survey.sky'::regclass)
        """, as: String.self) == ["reber_pipeline"])
    try database.script("SET ROLE reber_reader")
    #expect(try database.rows("SELECT field FROM catalogue.sky", as: String.self).count == 12)
  }

  @Test func whatWorksWithTheOwnersRightsTakesNoTableOfOthers() throws {
    let database = try Fixture(as: .pipeline).database
    for call in [
      "open_partition('pg_authid', 1)", "attach_partition('public.other', 1)",
      "open_partition('reber.source', 9, 'fillfactor = 90); DROP TABLE reber.label; --')",
      "open_partition('reber.source', 9, 'fillfactor = 90, user_catalog_table = true')",
      "empty_partition('pg_authid', 1)",
    ] {
      try database.script(
        "RESET ROLE; CREATE TABLE IF NOT EXISTS public.other (a integer); SET ROLE reber_pipeline")
      let error = #expect(throws: PostgresError.self, "\(call)") {
        try database.script("SELECT reber.\(call)")
      }
      #expect(error?.state?.rawValue == "22023", "\(call): \(String(describing: error))")
    }
  }

  /// Who may make no roles works with the rights of an owner, and is told so.
  @Test func anOwnerWhoMayMakeNoRolesWorksWithoutThem() throws {
    let fixture = try Fixture()
    let name = "o\(UUID().uuidString.lowercased().filter { $0 != "-" })"
    for statement in ["CREATE ROLE \(name) LOGIN", "CREATE DATABASE \(name) OWNER \(name)"] {
      try fixture.database.script(statement)
    }
    let path = try #require(URLComponents(string: fixture.address)?.path)
    let address = fixture.address.replacing("reber@", with: "\(name)@").replacing(
      path + "?", with: "/\(name)?")
    let database = try Connection(address)
    var notices: [String] = []
    database.onNotice = { notices.append($0) }
    _ = try Migration.apply(to: database, folder: SharedData.repository + "/sql")
    #expect(notices.contains { $0.contains("SELECT reber.grant_roles()") })
    #expect(try !Role.pipeline.take(in: database))
    _ = try Survey.add(named: "own", in: database)
    // An administrator does it later.
    try Connection(fixture.address.replacing(path + "?", with: "/\(name)?")).script(
      "SELECT reber.grant_roles()")
    #expect(
      try database.row(
        "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'reber.label'::regclass",
        as: String.self)
        == "reber_owner")
  }

  @Test func whoWasInTheFormerRoleOfThePagesIsAnAnnotator() throws {
    let database = try Fixture().database
    try database.script("SET SESSION AUTHORIZATION reber_web")
    #expect(try Role.annotator.take(in: database))
    #expect(try !Role.pipeline.take(in: database))
  }

  @Test func tablesThatAreMadeLaterCanBeRead() throws {
    let database = try Fixture().database
    try database.script(
      "CREATE TABLE catalogue.later (a integer); SET ROLE reber_reader; TABLE catalogue.later")
  }
}
