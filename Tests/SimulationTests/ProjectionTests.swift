import Astronomy
import Simulation
import Testing

/// Golden values by WCSLIB: tools/oracles/simulation_wcs.py.
@Suite struct ProjectionTests {
  @Test(arguments: [
    (Projection.tangent, 180.5, 30.4, 0.4, -0.3, 180.962330451168, 30.099193410925),
    (.tangent, 180.5, 30.4, -2.0, 1.5, 178.146349309592, 31.877967544554),
    (.tangent, 0.2, -75.0, 0.4, -0.3, 1.775885931077, -75.294676302220),
    (.tangent, 0.2, -75.0, -2.0, 1.5, 353.195501830138, -73.383090415516),
    (.tangent, 359.9, 84.0, 0.4, -0.3, 3.540213751253, 83.687368965724),
    (.tangent, 359.9, 84.0, -2.0, 1.5, 335.924542305215, 85.076699889560),
    (.sine, 180.5, 30.4, 0.4, -0.3, 180.962348001732, 30.099181926169),
    (.sine, 180.5, 30.4, -2.0, 1.5, 178.144073128134, 31.879353990465),
    (.sine, 0.2, -75.0, 0.4, -0.3, 1.775947104974, -75.294687316245),
    (.sine, 0.2, -75.0, -2.0, 1.5, 353.189479859959, -73.381449611300),
    (.sine, 359.9, 84.0, 0.4, -0.3, 3.540345435136, 83.687356604111),
    (.sine, 359.9, 84.0, -2.0, 1.5, 335.897533088183, 85.077234399996),
  ])
  func agreesWithWCSLIB(
    projection: Projection, ra: Double, dec: Double, east: Double, north: Double, alpha: Double,
    delta: Double
  ) {
    let found = projection.position(
      east: east, north: north, around: SkyPosition(ra: ra, dec: dec))
    #expect(abs(found.ra - alpha) < 1e-9)
    #expect(abs(found.dec - delta) < 1e-9)
  }

  @Test func designationsAreTruncated() {
    let north = SkyPosition(ra: 180.92040114, dec: 30.05198031)
    #expect(north.designation == "J120340.89+300307.1")
    #expect(SkyPosition(ra: 0.0001, dec: -5.00001).designation == "J000000.02-050000.0")
  }
}
