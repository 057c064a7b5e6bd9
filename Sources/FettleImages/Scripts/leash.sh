# Runs one program of this machine so that it ends when Fettle does: standard input is held open by Fettle and carries nothing. The end
# of this shell, however it comes, ends the program by the kernel's word. That word is asked for by the program's own process: where this
# shell has ended before it is asked, its number tells.
#
#   PROGRAM [WORD...]
exec 4<&0
# shellcheck disable=SC2016 # the other shells expand them
setpriv --pdeathsig KILL -- /bin/sh -c '[ "$PPID" = "$0" ] || exit 1; exec "$@"' "$$" "$@" </dev/null 4<&- &
program=$!
# One process without children: nothing of it may be left once this shell has ended.
# shellcheck disable=SC2016
setpriv --pdeathsig KILL -- /bin/sh -c '[ "$PPID" = "$0" ] || exit 1; read -r nothing; kill -KILL "$0"' "$$" <&4 >/dev/null 2>&1 4<&- &
exec 4<&-
status=0
wait "$program" || status=$?
exit "$status"
