# Runs one PostgreSQL server for as long as our standard input is open, then removes its folder.
#
# Whoever started us holds the other end of that pipe and writes nothing to it: when it ends, even
# by SIGKILL, the pipe closes. The line "keep" makes the server outlive it, until SIGTERM.
#
# $1 folder of the server, with the superuser's password in the file "password"
# $2 folder of PostgreSQL's programs
# $3 locale that says what letters are
# …  arguments of postgres
folder=$1 programs=$2 ctype=$3
shift 3

# Removes the folder once the server, or initdb, has ended; a server that is not up yet cannot be
# told to stop, so it is told again.
stop() {
    trap '' TERM
    touch "$folder/stop"
    until [ -e "$folder/exited" ]; do
        if "$programs/pg_ctl" stop -D "$folder/data" -m fast -t 20 ||
            "$programs/pg_ctl" stop -D "$folder/data" -m immediate -t 20; then
            wait "$server"
        else
            sleep 1
        fi
    done
    cd / && rm -rf "$folder"
    exit 0
}

trap '' HUP INT
trap stop TERM
cd "$folder" || exit 1

{
    "$programs/initdb" -D data -U postgres --auth=scram-sha-256 --pwfile=password \
        --encoding=UTF8 --locale=C --lc-ctype="$ctype" --no-sync &&
        rm password &&
        [ ! -e stop ] &&
        "$programs/postgres" -D data "$@"
    echo $? >exited
} </dev/null >log 2>&1 &
server=$!

while read -r line; do
    if [ "$line" = keep ]; then
        wait "$server"
    fi
done
stop
