#include <libxml/xmlversion.h>
// Debian's headers would draw in ICU's, of which Foundation has its own; they are needed only for
// conversions that are not used here.
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/SAX2.h>

// The piece of libxml2 that Swift cannot import: a bit mask of enumerations.
static const int reber_xml_options = XML_PARSE_NONET | XML_PARSE_HUGE;
