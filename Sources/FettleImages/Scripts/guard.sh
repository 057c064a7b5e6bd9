# Process 1: whoever waits for it, and Fettle's end of the pipe, decide how long all this lives.
trap 'exit 143' TERM
exec 4<&0
( main "$@" ) </dev/null 4<&- &
main=$!
( cat <&4 >/dev/null; kill -TERM 1 ) >/dev/null 2>&1 &
exec 4<&-
status=0
wait "$main" || status=$?
exit "$status"
