import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import Stages
import Tables
import TestSupport
import Testing

/// The columns of surveys' own tables as they are published, with rows of ours, in each form in which such
/// tables are passed on.
@Suite("What surveys publish goes in without an option") struct SurveyTableTests {
  /// A table of one row, and what stands in it.
  struct SurveyTable: Sendable, CustomTestStringConvertible {
    let profile: String?
    /// The columns as `name:unit=value`; `~` is a blank.
    let columns: String
    let name: String
    /// Jy, Jy/beam, Jy/beam, arcsec.
    let values: [Double?]
    /// Arcsec.
    var beam: Double?
    /// Whether the units are known where a file does not say them.
    var isKnownWithoutUnits = true

    var testDescription: String { profile ?? name }
  }

  static let tables = [
    SurveyTable(
      profile: "first-14dec17",
      columns: """
        RA:deg=150.5 DEC:deg=2.25 SIDEPROB=0.014 FPEAK:mJy/beam=2.5 FINT:mJy=3.5 RMS:mJy/beam=0.15 \
        MAJOR:arcsec=0.0 MINOR:arcsec=0.0 POSANG:deg=12.0 FITTED_MAJOR:arcsec=6.5 \
        FITTED_MINOR:arcsec=5.5 FITTED_POSANG:deg=10.0 FLDNAME=10000+02139E NSDSS=1 SDSS_SEP=0.5 \
        SDSS_MAG=19.1 SDSS_CLASS=g NTMASS=0 TMASS_SEP=99.0 TMASS_MAG=99.0 YEAR=1999.2 MJD=51250.1
        """, name: "J100200.00+021500.0", values: [0.0035, 0.0025, 0.00015, 6.5]),
    SurveyTable(
      profile: "first-text",
      columns: """
        FIRST=J100200.0+021500 RAJ2000:"h:m:s"=10~02~00.000 DEJ2000:"d:m:s"=+02~15~00.00 p(S)=0.014 \
        Fpeak:mJy=2.5 Fint:mJy=3.5 Rms:mJy=0.15 Maj:arcsec=0.0 Min:arcsec=0.0 PA:deg=12.0 \
        fMaj:arcsec=6.5 fMin:arcsec=5.5 fPA:deg=10.0 Field=10000+02139E
        """, name: "J100200.0+021500", values: [0.0035, 0.0025, 0.00015, 6.5]),
    SurveyTable(
      profile: "nvss",
      columns: """
        recno=7 RAJ2000:"h:m:s"=10~02~00.00 e_RAJ2000:s=0.05 DEJ2000:"d:m:s"=+02~15~00.0 \
        e_DEJ2000:arcsec=0.6 NVSS=100200+021500 S1.4:mJy=3.5 e_S1.4:mJy=0.5 l_MajAxis= \
        MajAxis:arcsec=20.5 l_MinAxis=< MinAxis:arcsec=45.0 PA:deg=12.0 Field=C1000M04
        """, name: "100200+021500", values: [0.0035, nil, nil, 20.5]),
    SurveyTable(
      profile: "sumss",
      columns: """
        RAJ2000:"h:m:s"=10~02~00.00 DEJ2000:"d:m:s"=+02~15~00.0 e_RAJ2000:arcsec=1.5 \
        e_DEJ2000:arcsec=1.6 Sp:mJy/beam=2.5 e_Sp:mJy/beam=0.5 St:mJy=3.5 e_St:mJy=0.5 \
        MajAxis:arcsec=50.5 MinAxis:arcsec=45.0 PA:deg=12.0 dMajAxis:arcsec=20.0 dMinAxis:arcsec=10.0 \
        Mosaic=J1000M30
        """, name: "J100200.00+021500.0", values: [0.0035, 0.0025, nil, 50.5]),
    // Without the fitted size, the one without the beam is what there is.
    SurveyTable(
      profile: "sumss",
      columns: """
        RAJ2000:"h:m:s"=10~02~00.00 DEJ2000:"d:m:s"=+02~15~00.0 e_RAJ2000:arcsec=1.5 \
        e_DEJ2000:arcsec=1.6 Sp:mJy/beam=2.5 e_Sp:mJy/beam=0.5 St:mJy=3.5 e_St:mJy=0.5 \
        dMajAxis:arcsec=20.0 dMinAxis:arcsec=10.0 PA:deg=12.0 Mosaic=J1000M30
        """, name: "J100200.00+021500.0", values: [0.0035, 0.0025, nil, 20]),
    SurveyTable(
      profile: "tgss-adr1",
      columns: """
        Source_name=TGSSADR~J100200.0+021500 RA:deg=150.5 E_RA:arcsec=2.0 DEC:deg=2.25 \
        E_DEC:arcsec=2.0 Total_flux:mJy=3.5 E_Total_flux:mJy=0.5 Peak_flux:mJy/beam=2.5 \
        E_Peak_flux:mJy/beam=0.5 Maj:arcsec=30.5 E_Maj:arcsec=1.0 Min:arcsec=25.0 E_Min:arcsec=1.0 \
        PA:deg=12.0 E_PA:deg=3.0 RMS_noise:mJy/beam=0.15 Source_code=S Mosaic_name=R25D20
        """, name: "TGSSADR J100200.0+021500", values: [0.0035, 0.0025, 0.00015, 30.5]),
    SurveyTable(
      profile: "lotss-srl",
      columns: """
        Source_Name=ILTJ100200.00+021500.0 RA:deg=150.5 E_RA:arcsec=0.1 DEC:deg=2.25 E_DEC:arcsec=0.1 \
        Peak_flux:mJy/beam=2.5 E_Peak_flux:mJy/beam=0.1 Total_flux:mJy=3.5 E_Total_flux:mJy=0.2 \
        Maj:arcsec=8.5 E_Maj:arcsec=0.2 Min:arcsec=6.5 E_Min:arcsec=0.2 DC_Maj:arcsec=0.0 \
        E_DC_Maj:arcsec=0.0 DC_Min:arcsec=0.0 E_DC_Min:arcsec=0.0 PA:deg=12.0 E_PA:deg=3.0 \
        DC_PA:deg=0.0 E_DC_PA:deg=0.0 Isl_rms:mJy/beam=0.15 S_Code=S Mosaic_ID=P150+02 \
        Number_Pointings=2 Masked_Fraction=0.0
        """, name: "ILTJ100200.00+021500.0", values: [0.0035, 0.0025, 0.00015, 8.5]),
    SurveyTable(
      profile: "lotss-vizier",
      columns: """
        Source=ILTJ100200.00+021500.0 RAJ2000:deg=150.5 e_RAJ2000:arcsec=0.1 DEJ2000:deg=2.25 \
        e_DEJ2000:arcsec=0.1 Speak:mJy/beam=2.5 e_Speak:mJy/beam=0.1 SpeakTot:mJy=3.5 \
        e_SpeakTot:mJy=0.2 Maj:arcsec=8.5 e_Maj:arcsec=0.2 Min:arcsec=6.5 DCMaj:arcsec=0.0 \
        Islrms:mJy/beam=0.15 SCode=S
        """, name: "ILTJ100200.00+021500.0", values: [0.0035, 0.0025, 0.00015, 8.5]),
    SurveyTable(
      profile: "lotss-radio-optical",
      columns: """
        Source_Name=ILTJ100200.00+021500.0 RA:deg=150.5 E_RA:arcsec=0.1 DEC:deg=2.25 E_DEC:arcsec=0.1 \
        Peak_flux:mJy/beam=2.5 E_Peak_flux:mJy/beam=0.1 Total_flux:mJy=3.5 E_Total_flux:mJy=0.2 \
        Maj:arcsec=8.5 Min:arcsec=6.5 DC_Maj:arcsec=0.0 Isl_rms:mJy/beam=0.15 S_Code=M \
        Mosaic_ID=P150+02 ID_flag=1 ID_name=AllWISEJ100200.0+021500 ID_ra:deg=-99 ID_dec:deg=-99 \
        Assoc=3 ID_Qual=0.8 Assoc_Qual=0.9 Composite_Size:arcsec=42.5 Composite_Width:arcsec=11.0 \
        LGZ_Size:arcsec=-99
        """, name: "ILTJ100200.00+021500.0", values: [0.0035, 0.0025, 0.00015, 42.5]),
    SurveyTable(
      profile: "racs-gaussians",
      columns: """
        Gaussian_ID=RACS_1000+00A_7 Source_ID=RACS_1000+00A_5 Field_ID=RACS_1000+00A RA:deg=150.5 \
        E_RA:arcsec=0.1 Dec:deg=2.25 E_Dec:arcsec=0.1 Total_flux_Gaussian:mJy=3.5 \
        E_Total_flux_Gaussian:mJy=0.2 Total_flux_Source:mJy=7.5 E_Total_flux_Source:mJy=0.3 \
        Peak_flux:mJy/beam=2.5 E_Peak_flux:mJy/beam=0.1 Maj_axis:arcsec=28.5 E_Maj_axis:arcsec=0.2 \
        Min_axis:arcsec=26.5 PA:deg=12.0 Noise:mJy/beam=0.15 N_Gaussians=2 Flag=0
        """, name: "RACS_1000+00A_7", values: [0.0035, 0.0025, 0.00015, 28.5]),
    SurveyTable(
      profile: "racs-sources",
      columns: """
        Source_Name=RACS-DR1~J100200.0+021500 Source_ID=RACS_1000+00A_5 Tile_ID=RACS_1000+00A SBID=8576 \
        N_Gaus=2 RA:deg=150.5 Dec:deg=2.25 E_RA:arcsec=0.1 E_Dec:arcsec=0.1 Total_flux_Source:mJy=3.5 \
        E_Total_flux_Source:mJy=0.3 Peak_flux:mJy/beam=2.5 E_Peak_flux:mJy/beam=0.1 \
        Maj_axis:arcsec=28.5 Min_axis:arcsec=26.5 PA:deg=12.0 DC_Maj_axis:arcsec=0.0 \
        Noise:mJy/beam=0.15
        """, name: "RACS_1000+00A_5", values: [0.0035, 0.0025, 0.00015, 28.5]),
    SurveyTable(
      profile: "racs-vizier",
      columns: """
        GID=RACS_1000+00A_7 SID=RACS_1000+00A_5 RAJ2000:deg=150.5 e_RAJ2000:arcsec=0.1 DEJ2000:deg=2.25 \
        e_DEJ2000:arcsec=0.1 Ftot:mJy=3.5 e_Ftot:mJy=0.2 Fpk:mJy/beam=2.5 e_Fpk:mJy/beam=0.1 \
        amaj:arcsec=28.5 bmin:arcsec=26.5 PA:deg=12.0 Noise:mJy/beam=0.15
        """, name: "RACS_1000+00A_7", values: [0.0035, 0.0025, 0.00015, 28.5]),
    SurveyTable(
      profile: "selavy-components",
      columns: """
        island_id=SB9351_island_1 component_id=SB9351_component_1a component_name=J100200+021500 \
        ra_hms_cont=10:02:00.0 dec_dms_cont=+02:15:00 ra_deg_cont:deg=150.5 dec_deg_cont:deg=2.25 \
        ra_err:arcsec=0.1 dec_err:arcsec=0.1 freq:MHz=943.5 flux_peak:mJy/beam=2.5 \
        flux_peak_err:mJy/beam=0.1 flux_int:mJy=3.5 flux_int_err:mJy=0.2 maj_axis:arcsec=15.5 \
        min_axis:arcsec=12.5 pos_ang:deg=12.0 maj_axis_err:arcsec=0.2 min_axis_err:arcsec=0.2 \
        pos_ang_err:deg=3.0 maj_axis_deconv:arcsec=0.0 min_axis_deconv:arcsec=0.0 pos_ang_deconv:deg=0.0 \
        chi_squared_fit:--=1.5 rms_fit_gauss:mJy/beam=0.3 spectral_index:--=-0.7 \
        spectral_curvature:--=-99.0 spectral_index_err:--=0.1 rms_image:mJy/beam=0.15 has_siblings=1 fit_is_estimate=0 flag_c4=0 \
        comment=none
        """, name: "J100200+021500", values: [0.0035, 0.0025, 0.00015, 15.5]),
    SurveyTable(
      profile: "selavy-islands",
      columns: """
        island_id=SB9351_island_1 island_name=J100200+021500 n_components=2 ra_hms_cont=10:02:00.0 \
        dec_dms_cont=+02:15:00 ra_deg_cont:deg=150.5 dec_deg_cont:deg=2.25 freq:MHz=943.5 \
        maj_axis:arcsec=15.5 min_axis:arcsec=12.5 pos_ang:deg=12.0 flux_int:mJy=3.5 \
        flux_int_err:mJy=0.2 flux_peak:mJy/beam=2.5 mean_background:mJy/beam=0.01 \
        background_noise:mJy/beam=0.15 max_residual:mJy/beam=0.3 n_pix=40 solid_angle:arcmin2=0.1 \
        beam_area:arcmin2=0.06 flag_i1=0 comment=none
        """, name: "J100200+021500", values: [0.0035, 0.0025, 0.00015, 15.5]),
    SurveyTable(
      profile: "vlass-components",
      columns: """
        Component_name=VLASS1QLCIR~J100200.00+021500.0 Component_id=7 Isl_id=5 RA:deg=150.5 E_RA:deg=1E-5 \
        DEC:deg=2.25 E_DEC:deg=1E-5 Total_flux:mJy=3.5 E_Total_flux:mJy=0.2 Peak_flux:mJy/beam=2.5 \
        E_Peak_flux:mJy/beam=0.1 Maj:arcsec=3.5 E_Maj:arcsec=0.2 Min:arcsec=2.5 PA:deg=12.0 \
        Isl_Total_flux:mJy=3.6 Isl_rms:mJy/beam=0.15 Isl_mean:mJy/beam=0.0 DC_Maj:arcsec=0.0 S_Code=S \
        Tile=T11t15 NVSS_distance:arcsec=1.5 FIRST_distance:arcsec=0.5 Peak_to_ring=3.0 \
        Duplicate_flag=1 Quality_flag=0 Source_name=VLASS1QLCIR~J100200.0+021500 BMAJ:arcsec=2.75 \
        BMIN:arcsec=2.5 BPA:deg=10.0
        """, name: "VLASS1QLCIR J100200.00+021500.0", values: [0.0035, 0.0025, 0.00015, 3.5],
      beam: 2.75),
    SurveyTable(
      profile: "vlass-hosts",
      columns: """
        Source_name=VLASS1QLCIR~J100200.0+021500 RA_Source:deg=150.5 DEC_Source:deg=2.25 \
        Name_HOST=J100200.1+021501 RA_HOST:deg=150.6 DEC_HOST:deg=2.3 W1mag:mag=15.5
        """, name: "VLASS1QLCIR J100200.0+021500", values: [nil, nil, nil, nil]),
    SurveyTable(
      profile: "vlass-dragns",
      columns: """
        Name=J100200.0+021500 RA:deg=150.5 DEC:deg=2.25 E_RA:arcsec=0.1 E_DEC:arcsec=0.1 Flux:mJy=3.5 \
        E_Flux:mJy=0.2 Core_prom=0.1 Lobe_flux_ratio=1.2 LAS:arcsec=42.5 E_LAS:arcsec=0.5 \
        Misalign_1:deg=3.0 Misalign_2:deg=4.0 Lobe_1=J100200.1+021510 Lobe_2=J100159.9+021450 Core= \
        Source_flag=0 AllWISE=J100200.1+021501 Sep_AllWISE:arcsec=0.3 LR=5.0 Rel=0.9 Host_flag=1
        """, name: "J100200.0+021500", values: [0.0035, nil, nil, 42.5]),
    SurveyTable(
      profile: "mightee",
      columns: """
        NAME=J100200.00+021500.0 RA:deg=150.5 DEC:deg=2.25 S_INT14:Jy=0.0035 S_INT14_ERR:Jy=0.0002 \
        S_PEAK14:Jy/beam=0.0025 S_PEAK14_ERR:Jy/beam=0.0001
        """, name: "J100200.00+021500.0", values: [0.0035, 0.0025, nil, nil]),
    // MGCLS and others that are written like PyBDSF's lists, in units that only the file says.
    SurveyTable(
      profile: nil,
      columns: """
        Source_name=MKTCS~J100200.00+021500.0 Cluster=Abell~1 RA:deg=150.5 E_RA:arcsec=0.1 DEC:deg=2.25 \
        E_DEC:arcsec=0.1 Total_flux:mJy=3.5 E_Total_flux:mJy=0.2 Peak_flux:mJy/beam=2.5 \
        E_Peak_flux:mJy/beam=0.1 Maj:arcsec=8.5 Min:arcsec=7.5 PA:deg=12.0 Isl_rms:mJy/beam=0.15
        """, name: "MKTCS J100200.00+021500.0", values: [0.0035, 0.0025, 0.00015, 8.5],
      isKnownWithoutUnits: false),
    SurveyTable(
      profile: "pybdsf",
      columns: """
        Source_id=0 Isl_id=0 RA:deg=150.5 E_RA:deg=1E-5 DEC:deg=2.25 E_DEC:deg=1E-5 Total_flux:Jy=0.0035 \
        E_Total_flux:Jy=0.0002 Peak_flux:Jy/beam=0.0025 E_Peak_flux:Jy/beam=0.0001 RA_max:deg=150.5 \
        DEC_max:deg=2.25 Maj:deg=0.00236111111111 E_Maj:deg=1E-5 Min:deg=0.002 PA:deg=12.0 \
        DC_Maj:deg=0.0 DC_Min:deg=0.0 Isl_Total_flux:Jy=0.0036 Isl_rms:Jy/beam=0.00015 \
        Isl_mean:Jy/beam=0.0 Resid_Isl_rms:Jy/beam=0.0001 S_Code=S
        """, name: "J100200.00+021500.0", values: [0.0035, 0.0025, 0.00015, 8.5]),
    SurveyTable(
      profile: "pybdsf-gaussians",
      columns: """
        Gaus_id=0 Isl_id=0 Source_id=0 Wave_id=0 RA:deg=150.5 E_RA:deg=1E-5 DEC:deg=2.25 E_DEC:deg=1E-5 \
        Total_flux:Jy=0.0035 E_Total_flux:Jy=0.0002 Peak_flux:Jy/beam=0.0025 Xposn:pix=5.0 \
        Maj:deg=0.00236111111111 Min:deg=0.002 PA:deg=12.0 DC_Maj:deg=0.0 Isl_Total_flux:Jy=0.0036 \
        Isl_rms:Jy/beam=0.00015 S_Code=S
        """, name: "J100200.00+021500.0", values: [0.0035, 0.0025, 0.00015, 8.5]),
    SurveyTable(
      profile: "aegean",
      columns: """
        island=12 source=1 background:Jy/beam=1E-6 local_rms:Jy/beam=0.00015 ra_str=10:02:00.00 \
        dec_str=+02:15:00.0 ra:deg=150.5 err_ra:deg=-1.0 dec:deg=2.25 err_dec:deg=-1.0 \
        peak_flux:Jy/beam=0.0025 err_peak_flux:Jy/beam=0.0001 int_flux:Jy=0.0035 err_int_flux:Jy=-1.0 \
        a:arcsec=28.5 err_a:arcsec=-1.0 b:arcsec=26.5 err_b:arcsec=-1.0 pa:deg=12.0 err_pa:deg=-1.0 \
        flags=0 residual_mean:Jy/beam=0.0 residual_std:Jy/beam=1E-5 uuid=f00d psf_a:arcsec=25.5 \
        psf_b:arcsec=24.0 psf_pa:deg=10.0
        """, name: "12_1", values: [0.0035, 0.0025, 0.00015, 28.5], beam: 25.5),
  ]

  @Test(arguments: tables) func everyPartIsFound(table: SurveyTable) async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      for form in TableForm.allCases where form.hasUnits || table.isKnownWithoutUnits {
        let path = try table.written(as: form, in: folder)
        let report = try await fixture.ingest(path) { $0.survey = form.rawValue }
        let mapping = try #require(report.catalogue?.metrics.mapping)
        #expect(mapping.profile == table.profile, "\(form)")
        let row = try #require(
          try fixture.rows(
            """
            SELECT source.name, ra, dec, total_flux, peak_flux, rms, major_axis, beam_major::float8
            FROM reber.source JOIN reber.survey USING (survey_id) WHERE survey.name = \(form.rawValue)
            """, as: String.self, Double?.self, Double?.self, Double?.self, Double?.self,
            Double?.self, Double?.self, Double?.self
          ).first)
        #expect(row.0 == table.name, "\(form)")
        let found = [row.1, row.2, row.3, row.4, row.5, row.6, row.7]
        let expected = [150.5, 2.25] + table.values + [table.beam]
        for (part, (one, other)) in zip(found, expected).enumerated() {
          let isSame =
            one == nil && other == nil
            || abs((one ?? .nan) - (other ?? .nan)) <= 1e-6 * abs(one ?? 1)
          #expect(isSame, "\(form), number \(part): \(String(describing: one))")
        }
      }
    }
  }

  /// FIRST as text has positions in six columns under two names.
  @Test func firstAsTextHasSixColumnsOfPosition() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let file = try fixture.file(
        "catalog.txt",
        """
        # RA           Dec          Ps     Fpeak  Fint   Rms   Maj  Min  PA   fMaj fMin fPA  Field
        10 02 00.000 -00 15 00.00 0.014   2.50   3.50 0.150  0.0  0.0 12.0   6.5  5.5 10.0 10000-02139E
        """)
      _ = try await fixture.ingest(file)
      let rows = try fixture.rows(
        "SELECT concat_ws(' ', name, ra, dec, total_flux, peak_flux, rms, major_axis) FROM reber.source",
        as: String.self)
      #expect(rows == ["J100200.00-001500.0 150.5 -0.25 0.0035 0.0025 0.00015 6.5"])
    }
  }

  /// All profiles that come with the program have a table here.
  @Test func noProfileIsLeftOut() throws {
    let installed = try SurveyProfiles.usual().all.filter {
      !$0.file.hasPrefix(SurveyProfiles.ownFolder)
    }
    #expect(Set(installed.map(\.name)) == Set(Self.tables.compactMap(\.profile)))
    #expect(installed.allSatisfy { $0.table.count > 3 && !$0.knownBy.isEmpty })
  }
}

/// How a table is passed on.
enum TableForm: String, CaseIterable {
  case fits, votable, csv, vizier, ecsv, blanks, ascii

  /// Whether the units stand in the file.
  var hasUnits: Bool { self != .csv && self != .blanks }
}

extension SurveyTableTests.SurveyTable {
  /// A column and its only value.
  private typealias Cell = (name: String, unit: String?, text: String)

  private var cells: [Cell] {
    columns.split(separator: " ").map { word in
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let heads = parts[0].split(separator: ":", maxSplits: 1)
      return (
        String(heads[0]), heads.count > 1 ? String(heads[1]) : nil,
        String(parts[1].replacing("~", with: " "))
      )
    }
  }

  /// Writes the table into a folder and gives its path.
  func written(as form: TableForm, in folder: String) throws -> String {
    let path = folder + "/" + form.rawValue
    let cells = cells
    let names = cells.map(\.name)
    switch form {
    case .fits, .votable:
      let writer = try createTable(
        path, format: TableFormat(named: form.rawValue), columns: cells.map(Self.column))
      try writer.write([cells.map { Self.value($0.text) }])
      try writer.finish()
      return path
    case .csv: return try write(path, [names, cells.map(\.text)].map { $0.joined(separator: ",") })
    case .vizier:
      let units = cells.map { $0.unit ?? "" }
      let rulers = cells.map { String(repeating: "-", count: max($0.text.count, 2)) }
      return try write(
        path,
        ["#RESOURCE=yCat"]
          + [names, units, rulers, cells.map(\.text)].map {
            $0.joined(separator: "\t")
          } + ["#"])
    case .ecsv:
      let header = cells.map { cell in
        "# - {name: '\(cell.name)', datatype: \(Self.column(cell).datatype == .string ? "string" : "float64")"
          + (cell.unit.map { ", unit: '\($0)'" } ?? "") + "}"
      }
      return try write(
        path, ["# %ECSV 1.0", "# ---", "# datatype:"] + header + lines(names, cells))
    case .blanks:
      return try write(path, ["# " + names.joined(separator: " "), lines(names, cells)[1]])
    case .ascii: return try writeASCII(path, cells)
    }
  }

  private func lines(_ names: [String], _ cells: [Cell]) -> [String] {
    let texts = cells.map { $0.text.isEmpty || $0.text.contains(" ") ? "\"\($0.text)\"" : $0.text }
    return [names, texts].map { $0.joined(separator: " ") }
  }

  private func write(_ path: String, _ lines: [String]) throws -> String {
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: path, atomically: false, encoding: .utf8)
    return path
  }

  private static func value(_ text: String) -> Value {
    Int64(text).map { .integer($0) } ?? Double(text).map { .real($0) } ?? Value(text)
  }

  private static func column(_ cell: Cell) -> Column {
    let datatype: Datatype =
      switch value(cell.text) {
      case .integer: .int64
      case .real: .double
      default: .string
      }
    return Column(cell.name, datatype, unit: cell.unit)
  }

  /// A TABLE extension: one row of text.
  private func writeASCII(_ path: String, _ cells: [Cell]) throws -> String {
    func card(_ key: String, _ value: String) -> String {
      let text = key.padding(toLength: 8, withPad: " ", startingAt: 0) + "= " + value
      return text.padding(toLength: 80, withPad: " ", startingAt: 0)
    }
    func block(_ text: String) -> String {
      text + String(repeating: " ", count: (2880 - text.utf8.count % 2880) % 2880)
    }
    let end = "END".padding(toLength: 80, withPad: " ", startingAt: 0)
    let primary = [card("SIMPLE", "T"), card("BITPIX", "8"), card("NAXIS", "0"), end].joined()
    let widths = cells.map { max($0.text.count, 1) + 1 }
    var cards = [
      card("XTENSION", "'TABLE   '"), card("BITPIX", "8"), card("NAXIS", "2"),
      card("NAXIS1", "\(widths.reduce(0, +))"), card("NAXIS2", "1"), card("PCOUNT", "0"),
      card("GCOUNT", "1"), card("TFIELDS", "\(cells.count)"),
    ]
    var place = 1
    for (index, cell) in cells.enumerated() {
      let letter =
        switch Self.value(cell.text) {
        case .integer: "I\(widths[index])"
        case .real: "E\(widths[index]).0".replacing("E", with: "D")
        default: "A\(widths[index])"
        }
      cards += [
        card("TTYPE\(index + 1)", "'\(cell.name)'"), card("TFORM\(index + 1)", "'\(letter)'"),
        card("TBCOL\(index + 1)", "\(place)"),
      ]
      if let unit = cell.unit { cards.append(card("TUNIT\(index + 1)", "'\(unit)'")) }
      place += widths[index]
    }
    let row = zip(cells, widths).map {
      $0.text.padding(toLength: $1, withPad: " ", startingAt: 0)
    }.joined()
    try Data((block(primary) + block(cards.joined() + end) + block(row)).utf8)
      .write(to: URL(filePath: path))
    return path
  }
}
