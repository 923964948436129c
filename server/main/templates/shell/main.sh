# Arguments are $1, $2, …; what it prints is the result, and its exit code says whether it went well.
set -eu
name=${1:-world}
echo "hello $name"
