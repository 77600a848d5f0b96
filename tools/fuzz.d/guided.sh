#!/usr/bin/env bash
# Has libFuzzer look for inputs of a reader that go ways which no earlier input went: tools/fuzz --guided SECONDS
#
# The readers are built with the address sanitizer in .build-fuzz: two minutes on two cores the first time.
set -euo pipefail
seconds=$1
shift
python=${REBER_PYTHON:-/usr/bin/python3}
read -ra formats <<<"${FUZZ_FORMATS:-csv ecsv fits png safetensors vot}"
scratch=$(mktemp -d)
chmod 711 "$scratch"
trap 'rm -rf "$scratch"' EXIT

# An archive keeps what files that were renamed have left.
rm -f .build-fuzz/release/libFuzzTarget.a .build-fuzz/readers
build=(--configuration release --scratch-path .build-fuzz --product FuzzTarget)
swift build "${build[@]}" -Xswiftc -sanitize=address,fuzzer \
  -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp \
  -Xcc -fsanitize=fuzzer-no-link,address >&2
swiftc -sanitize=fuzzer,address .build-fuzz/release/libFuzzTarget.a \
  -lcfitsio -lwcs -lopenblas -lpng -lxml2 -lz -lbz2 -lchealpix -lzstd \
  -o .build-fuzz/readers 2>&1 | grep -v 'Cannot export local symbol' >&2 || true

"$python" tools/oracles/fuzz_seeds.py "$scratch/seeds" >&2 ||
  echo "tools/fuzz: without astropy there are no made-up files" >&2
for format in "${formats[@]}"; do
  mkdir -p "$scratch/$format"
  case $format in
    csv) endings=(csv tsv txt) ;;
    fits) endings=(fits fz) ;;
    vot) endings=(vot xml) ;;
    *) endings=("$format") ;;
  esac
  for ending in "${endings[@]}"; do
    find "$scratch/seeds" Tests/FITSTests/Fixtures "$@" -name "*.$ending" -size -200k \
      -exec cp -n -t "$scratch/$format" {} + 2>/dev/null || true
  done
  echo "tools/fuzz: $format" >&2
  # The backtraces of Swift's runtime would hang in the fuzzer, and CFITSIO keeps memory of tiles that it refuses.
  FUZZ_FORMAT=$format SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 .build-fuzz/readers -max_total_time="$seconds" \
    -rss_limit_mb=1024 -timeout=10 -max_len=200000 -print_final_stats=1 \
    -artifact_prefix="fuzz-kept-$format-" "$scratch/$format" 2>"$scratch/log" ||
    { tail -n 60 "$scratch/log" >&2 && found=1; }
  grep -E '^stat::number_of_executed_units|^Done|SUMMARY' "$scratch/log" >&2 || true
done
exit "${found:-0}"
