/// The look of the page: black on white, for paper as for screens from 400 pixels up.
///
/// It must hold none of `<`, `>` and `&`, which HTML and XML read differently here.
let reportStyle = """
  body { max-width: 62em; margin: 0 auto; padding: 1em 1.2em 3em; color: #222; background: #fff; \
  font: 15px/1.5 "Charter", "Bitstream Charter", "Liberation Serif", "Times New Roman", serif; }
  h1 { font-size: 1.6em; line-height: 1.2; margin: .6em 0 .2em; overflow-wrap: anywhere; }
  h2 { font-size: 1.2em; margin: 2em 0 .6em; border-bottom: 1px solid #bbb; }
  h3 { font-size: 1em; margin: 1.4em 0 .2em; break-after: avoid; overflow-wrap: anywhere; }
  .result { font-size: 1.1em; margin: 0 0 1em; }
  dl { margin: 0; font-size: .93em; }
  dl div { display: grid; grid-template-columns: 8.5em minmax(0, 1fr); gap: 0 1em; \
  border-top: 1px solid #ddd; padding: .2em 0; }
  dt { color: #555; }
  dd { margin: 0; overflow-wrap: anywhere; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums lining-nums; }
  th, td { padding: .25em 1.1em .25em 0; text-align: left; vertical-align: top; }
  td { white-space: nowrap; }
  td small { margin-left: .7em; color: #666; line-height: 1.3; }
  thead th { border-top: 1.5px solid #222; border-bottom: 1px solid #222; }
  tbody th { font-weight: normal; }
  tbody tr { break-inside: avoid; }
  .mean th, .mean td { border-top: 1px solid #222; border-bottom: 1.5px solid #222; }
  .mean th { font-weight: bold; }
  .caption, figcaption { color: #555; font-size: .88em; max-width: 52em; margin: .6em 0 0; }
  .pair { display: grid; gap: 0 2em; \
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24em), 1fr)); }
  figure { margin: 0; }
  section, figure, li { min-width: 0; }
  .strip { margin: .5em 0 .2em; color: #555; font-size: .88em; break-after: avoid; }
  ul { list-style: none; margin: 0; padding: 0; }
  .montage { display: grid; gap: .5em; \
  grid-template-columns: repeat(6, minmax(0, 1fr)); }
  .montage li { padding: 3px; border: 1px solid #ccc; font-size: .76em; line-height: 1.25; \
  break-inside: avoid; overflow-wrap: anywhere; }
  .montage img, .blank { display: block; width: 100%; height: auto; aspect-ratio: 1; }
  .montage span, .montage strong { display: block; }
  .name { color: #666; }
  .montage .wrong { border: 2px dashed #c44601; padding: 2px; }
  .wrong strong { color: #c44601; }
  .legend { display: flex; flex-wrap: wrap; gap: .1em 1.2em; margin: .6em 0; }
  .legend svg { vertical-align: -2px; }
  footer { margin-top: 3em; border-top: 1px solid #bbb; color: #555; font-size: .88em; }
  @media (max-width: 50em) {
    td small { display: block; margin: 0; }
  }
  @media (max-width: 30em) {
    body { padding: .5em .8em 2em; }
    dl div { grid-template-columns: 1fr; }
    table { font-size: .82em; }
    th, td { padding-right: .55em; }
    .montage { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  }
  @media print {
    body { max-width: none; padding: 0; font-size: 10pt; }
    .scroll { overflow: visible; }
    .pair section, figure, svg { break-inside: avoid; }
  }
  """
