#include <libpq-fe.h>

// Character macros, which Swift does not import.
static const int reber_diag_sqlstate = PG_DIAG_SQLSTATE;
static const int reber_diag_primary = PG_DIAG_MESSAGE_PRIMARY;
static const int reber_diag_detail = PG_DIAG_MESSAGE_DETAIL;
static const int reber_diag_hint = PG_DIAG_MESSAGE_HINT;
static const int reber_diag_context = PG_DIAG_CONTEXT;
