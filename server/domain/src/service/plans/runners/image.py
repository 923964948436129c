"""Runs what an image of Python was asked to run. Arguments: the working directory, how many files, of each its name and
content, the script, and the command. There is no shell: a script is lines of `python FILE …`, `python -c CODE …` or
`python -m MODULE …`, whose output may go to a file, or Python itself where the command is `python`."""

import contextlib
import os
import runpy
import shlex
import sys


def run(words):
    """One command line of Python's."""
    sys.path.insert(0, os.getcwd())
    rest = [word for word in words if word not in ("-u", "-B", "-I", "-E", "-s")]
    if rest[:1] == ["-c"]:
        sys.argv = ["-c", *rest[2:]]
        exec(compile(rest[1], "<string>", "exec"), {"__name__": "__main__"})
    elif rest[:1] == ["-m"]:
        sys.argv = rest[1:]
        runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
    elif rest:
        sys.argv = rest
        runpy.run_path(rest[0], run_name="__main__")


def line(text):
    """One line of a script."""
    words = [os.path.expandvars(word) for word in shlex.split(text, comments=True)]
    if not words:
        return
    target = None
    if len(words) > 2 and words[-2] in (">", ">>"):
        target, mode, words = words[-1], {">": "w", ">>": "a"}[words[-2]], words[:-2]
    if not os.path.basename(words[0]).startswith("python"):
        sys.exit(f"an image of Python runs lines of `python …`, and no shell: {text.strip()!r}")
    if target is None:
        run(words[1:])
        return
    with open(target, mode) as file, contextlib.redirect_stdout(file):
        run(words[1:])


def main():
    arguments = sys.argv[1:]
    open(os.environ["SKEP_OUTPUT"], "w").close()
    workdir, count, arguments = arguments[0], int(arguments[1]), arguments[2:]
    if workdir:
        os.makedirs(workdir, exist_ok=True)
        os.chdir(workdir)
    for name, content in zip(arguments[: 2 * count : 2], arguments[1 : 2 * count : 2]):
        if os.path.dirname(name):
            os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "w") as file:
            file.write(content)
    script, command = arguments[2 * count], arguments[2 * count + 1 :]
    if script and command and os.path.basename(command[0]).startswith("python"):
        run(["-c", script])
    elif script:
        for text in script.replace("\\\n", " ").splitlines():
            line(text)
    elif command:
        line(shlex.join(command))


main()
