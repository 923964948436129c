# Runs what an image was asked to run. Arguments: how many folders, and their names; how many parts, and of each how many
# arguments it has, what stands before the names of its variables, how many these are and their names, the working
# directory, how many files, of each its name and content, the script, how many words its command has, and these. Parts run
# one after another, each in a shell of its own. The result is what is written to $SKEP_OUTPUT: nothing, where nothing is.
: > "$SKEP_OUTPUT"

_run() {
  _prefix=$1 _count=$2
  shift 2
  while [ "$_count" -gt 0 ]; do
    eval "export $1=\"\$$_prefix$1\""
    shift
    _count=$((_count - 1))
  done
  if [ -n "$1" ]; then
    mkdir -p "$1" && cd "$1" || exit 126
  fi
  _count=$2
  shift 2
  while [ "$_count" -gt 0 ]; do
    case $1 in */*) mkdir -p "${1%/*}" ;; esac
    printf %s "$2" > "$1" || exit 126
    shift 2
    _count=$((_count - 1))
  done
  _script=$1 _count=$2 _words='' _at=1
  shift 2
  while [ "$_at" -le "$_count" ]; do
    _words="$_words \"\${$_at}\""
    _at=$((_at + 1))
  done
  eval "set -- $_words"
  unset _at _count _prefix _words
  if [ -z "$_script" ]; then
    [ "$#" -gt 0 ] || exit 0
    case ${1##*/} in
      sh | ash | bash | dash | zsh)
        if [ "$2" = -c ]; then
          _script=$3
          shift
          [ "$#" -gt 2 ] && shift 2 || shift "$#"
        elif [ "$#" -gt 1 ]; then
          _script=$(cat "$2") || exit 127
          shift 2
        else
          exit 0
        fi
        ;;
      *)
        "$@"
        exit
        ;;
    esac
  else
    set --
  fi
  eval "$_script"
}

_folders=$1
shift
while [ "$_folders" -gt 0 ]; do
  mkdir -p "$1" || exit 126
  shift
  _folders=$((_folders - 1))
done
_parts=$1
shift
while [ "$_parts" -gt 1 ]; do
  _size=$1
  shift
  (_run "$@") || exit
  shift "$_size"
  _parts=$((_parts - 1))
done
shift
unset _folders _parts _size
_run "$@"
