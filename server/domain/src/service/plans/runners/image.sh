# Runs what an image was asked to run. Arguments: the working directory, how many files, of each its name and content,
# the script, and the command. The result is what is written to $SKEP_OUTPUT: nothing, where nothing is.
: > "$SKEP_OUTPUT"
if [ -n "$1" ]; then
  mkdir -p "$1" && cd "$1" || exit 126
fi
_files=$2
shift 2
while [ "$_files" -gt 0 ]; do
  case $1 in */*) mkdir -p "${1%/*}" ;; esac
  printf %s "$2" > "$1" || exit 126
  shift 2
  _files=$((_files - 1))
done
unset _files
_script=$1
shift
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
