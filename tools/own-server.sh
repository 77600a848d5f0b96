# A private server for one tool, which goes with all that is in it when the tool ends:
#
#   . tools/own-server.sh PROGRAM     sets REBER_HOME, `program`, and what is done at the end
#
# A folder that REBER_BENCH_HOME names stays.
# shellcheck shell=bash
program=$1
unset DATABASE_URL
if [[ -n ${REBER_BENCH_HOME:-} ]]; then
  mkdir -p "$REBER_BENCH_HOME"
  export REBER_HOME=$REBER_BENCH_HOME
  trap '"$program" db stop >/dev/null' EXIT
else
  REBER_HOME=$(mktemp -d)
  export REBER_HOME
  # Root's servers run as another account, and where that may not enter their files are elsewhere, and would stay.
  chmod 711 "$REBER_HOME"
  trap '"$program" db stop >/dev/null; rm -rf "$REBER_HOME"' EXIT
fi
