import Catalogue

/// What the operator of a DaCHS reads first.
struct TAPReadMe {
  private let schema: String
  private let catalogue: PublishedCatalogue
  /// Where the images come from; nil where none are served.
  private let cutouts: String?

  init(_ descriptor: ResourceDescriptor, cutouts: String?) {
    schema = descriptor.schema
    catalogue = descriptor.catalogue
    self.cutouts = descriptor.hasImages ? cutouts : nil
  }

  var text: String {
    """
    # Serving catalogue.\(catalogue.name) by DaCHS

    By `q.rd` [DaCHS](https://dachs-doc.readthedocs.io) 2.7 (Debian's gavodachs2-server) serves the published
    catalogue \(catalogue.name) to the Virtual Observatory. It works in the database in which the catalogue
    stands, with schemas and roles of its own; of Reber's it reads one view, `\(catalogue.viewForDaCHS)`.

    ## Once

    ```sh
    psql "$(reber db url)" -v ON_ERROR_STOP=1 --single-transaction -f grants.sql
    dachs init -d 'host=HOST port=PORT dbname=DATABASE user=ADMINISTRATOR'
    dachs imp //obscore
    ```

    `HOST` is the folder of the socket where `reber db url` has one. DaCHS keeps in `etc/dsn` of its folder
    (`/var/gavo`) which database it works in: where it was made with one of its own, change it there, and
    remove `etc/feed`, `etc/trustedquery` and `etc/untrustedquery`, before `dachs init`, which makes passwords
    up anew. Debian's package wants a running PostgreSQL while it is installed; python3-gavo alone does not.

    ## Each time that this folder was written

    ```sh
    cp -rT . /var/gavo/inputs/\(schema)
    psql "$(reber db url)" -v ON_ERROR_STOP=1 --single-transaction -f grants.sql
    dachs imp \(schema)/q
    dachs pub \(schema)/q         # on the front page, and to registries
    dachs serve reload
    ```

    While the catalogue is published again DaCHS goes on, and then shows the new rows, with the texts, the lineage
    and the images of the catalogue before: write the folder again, as `reber publish` reminds you. It refuses to drop a column that DaCHS shows:
    `DROP VIEW \(catalogue.viewForDaCHS) CASCADE` first. `reber db dump` and `reber db upgrade` take
    nothing of DaCHS along: begin above afterwards.

    ## What is served

    - By TAP the table `\(schema).sources`, such as
      `SELECT name, ra, dec, class FROM \(schema).sources WHERE class = 'head-tail' AND probability > 0.9`.
      Truth values are 1 and 0. Names of columns have letters, digits and underscores alone; one that is a word
      of ADQL's own is to be quoted.
    - Cone search at `/\(schema)/q/cone/scs.xml`.
    - Datalink at `/\(schema)/q/dl/dlmeta?ID=NAME`: the lineage of the catalogue as PROV-JSON
      (`#documentation`)\(cutouts == nil ? "." : ", the image (`#this`), a picture of it (`#preview`), and\n  parts of it by SODA (`#proc`, with `CIRCLE`).")
    \(cutouts.map(images) ?? "")
    """
  }

  private func images(from cutouts: String) -> String {
    """
    - SIA 2.0 at `/\(schema)/q/sia2/siap2.xml`, and by TAP the images in `\(schema).images` and `ivoa.obscore`.
      Times, wavelengths and beams are those of the image's file, or else of the survey; the bounds of a time or
      a wavelength are one number.
      `pixels_sha256` and `file_sha256` lead from an image to the lineage.

    ## Images

    They come from <\(cutouts)>, where everybody has to reach `/cutout` of `reber serve`, and nothing else of
    it. With nginx before `reber serve --port 8480`:

    ```nginx
    location = /cutout {
      proxy_pass http://127.0.0.1:8480;
      proxy_set_header Host 127.0.0.1:8480;
    }
    ```

    """
  }
}
