import Astronomy
import Catalogue
import Foundation
import Tables

extension ResourceDescriptor {
  /// The table of the images, which stand in ObsCore too.
  var images: String {
    """
      <table id="images" onDisk="True" adql="True">
    \(meta("title", "Images of \(title)", indent: 4))
    \(meta("description", "The images by which the sources were classified.", indent: 4))
    \(linked(by: "obs_publisher_did"))
        <primary>name</primary>
        <stc>Polygon ICRS [s_region]</stc>
        <mixin>//scs#pgs-pos-index</mixin>
        <mixin
    \(obsCore.map { "      \($0)=\"\(VOMarkup.attribute($1))\"" }.joined(separator: "\n"))
        >//obscore#publish</mixin>
        <index columns="obs_publisher_did"/>
        <index columns="s_region" method="GIST"/>
    \(ServedImage.cells.map { $0.column.inImages }.joined(separator: "\n"))
        <column name="obs_publisher_did" type="text" ucd="meta.ref.ivoid" required="True"
          description="Identifier of the image in all the world"/>
      </table>

    """
  }

  /// What ObsCore 1.1 has of an image, as expressions of SQL.
  private var obsCore: [(String, String)] {
    let observation = survey.observation
    let named = (observation.title ?? survey.name) + " "
    return [
      ("dataproduct_type", "'image'"), ("calib_level", "2"),
      ("obs_collection", survey.name.sql), ("obs_id", "name"), ("target_name", "name"),
      ("obs_title", "\(named.sql) || name"), ("obs_publisher_did", "obs_publisher_did"),
      ("access_url", "access_url"), ("access_format", "'image/fits'"),
      ("access_estsize", "access_estsize"), ("preview", "preview"),
      ("s_ra", "s_ra"), ("s_dec", "s_dec"), ("s_fov", "s_fov"), ("s_region", "s_region"),
      ("s_resolution", "s_resolution"), ("s_xel1", "s_xel1"),
      ("s_xel2", "s_xel2"), ("s_pixel_scale", "s_pixel_scale"), ("em_min", "wavelength"),
      ("em_max", "wavelength"), ("o_ucd", "'phot.flux.density;em.radio'"), ("t_min", "epoch_mjd"),
      ("t_max", "epoch_mjd"), ("facility_name", observation.facility.sql),
      ("instrument_name", observation.instrument.sql),
    ]
  }

  /// How DaCHS fills the table of the images.
  var imageImport: String {
    """
      <data id="import_images">
        <sources>\(ServedImage.file)</sources>
        <csvGrammar enc="utf-8"/>
        <make table="images">
          <rowmaker idmaps="*">
            <map key="s_region">pgsphere.SPoly.fromDALI([float(x) for x in @s_region.split()])</map>
            <map key="obs_publisher_did">"ivo://\\getConfig{ivoa}{authority}/~?\\rdId/" + \
    urllib.parse.quote(@name, safe="")</map>
          </rowmaker>
        </make>
      </data>

    """
  }

  /// SIA 2.0 over the images: DaCHS's own over ObsCore, of this table alone.
  var imageSearch: String {
    """
      <service id="sia2" allowed="siap2.xml,form">
    \(meta("title", "Images of \(title)", indent: 4))
        <meta name="shortName">\(shortName("images"))</meta>
        <meta name="sia.type">Cutout</meta>
        <meta name="testQuery.pos.ra">\(example?.ra ?? 0)</meta>
        <meta name="testQuery.pos.dec">\(example?.dec ?? 0)</meta>
        <meta name="testQuery.size.ra">0.1</meta>
        <meta name="testQuery.size.dec">0.1</meta>
        <publish render="siap2.xml" sets="ivo_managed"/>
        <dbCore queriedTable="//obscore#ObsCore">
          <FEED source="//siap2#parameters"/>
          <condDesc combining="True">
            <phraseMaker>
              <code>yield "source_table = '\(schema).images'"</code>
            </phraseMaker>
          </condDesc>
        </dbCore>
      </service>

    """
  }

  /// Datalink 1.0: image, picture of it, parts of it by SODA 1.0, and what the catalogue was made from.
  var links: String {
    """
      <service id="dl" allowed="dlmeta\(hasImages ? ",dlget" : "")">
    \(meta("title", "What belongs to a source of \(title)", indent: 4))
        <datalinkCore>
          <descriptorGenerator procDef="//datalink#fromtable">
            <bind key="tableName">"\\schema.\(hasImages ? "images" : "sources")"</bind>
            <bind key="idColumn">\(hasImages ? byEither : "\"name\"")</bind>
          </descriptorGenerator>
          <metaMaker>
            <code>
    \(hasImages ? imageLinks : "")\
              yield descriptor.makeLink(
                "\\getConfig{web}{serverURL}/\\rdId/made/static/provenance.json",
                description="What the catalogue was made from, by what and by whom, as PROV-JSON",
                semantics="#documentation", contentType="application/json")
            </code>
          </metaMaker>
    \(hasImages ? imageParts : "")\
        </datalinkCore>
      </service>

    """
  }

  /// DaCHS tells clients of the parameter, and sends those that use it to `/cutout`.
  private var imageParts: String {
    """
          <metaMaker semantics="#cutout">
            <code>
              yield MS(
                InputKey, name="CIRCLE", type="double precision(3)", xtype="circle", unit="deg",
                ucd="phys.angArea;obs", multiplicity="forced-single",
                description="Middle and radius of the part that is wanted, ICRS")
            </code>
          </metaMaker>
          <dataFunction>
            <setup imports="gavo.svcs, urllib.parse"/>
            <code>
              address = descriptor.metadata["access_url"]
              if args.get("CIRCLE"):
                circle = " ".join(str(number) for number in args["CIRCLE"].asDALI())
                address = address.split("&amp;pos=")[0] + "&amp;circle=" + urllib.parse.quote(circle)
              raise svcs.Found(address)
            </code>
          </dataFunction>

    """
  }

  /// A row of the catalogue knows its name alone.
  private var byEither: String {
    #""obs_publisher_did" if pubDID.startswith("ivo://") else "name""#
  }

  private var imageLinks: String {
    """
              yield descriptor.makeLink(
                descriptor.metadata["access_url"], description="The image that was classified",
                semantics="#this", contentType="image/fits")
              yield descriptor.makeLink(
                descriptor.metadata["preview"], description="A picture of it",
                semantics="#preview", contentType="image/png")

    """
  }
}

extension Column {
  /// The column of the table of images; its outline is one of pgsphere's polygons.
  fileprivate var inImages: String {
    let text = inDescriptor(as: name)
    return name == "s_region" ? text.replacing(#"type="unicode""#, with: #"type="spoly""#) : text
  }
}

extension String {
  /// The text as a constant of SQL in which DaCHS finds no macro and psycopg no parameter.
  fileprivate var sql: String {
    "'" + replacing("'", with: "''").replacing("\\", with: "/").replacing("%", with: "%%") + "'"
  }
}

extension String? {
  fileprivate var sql: String { self?.sql ?? "NULL" }
}
