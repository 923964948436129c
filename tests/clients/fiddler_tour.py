"""Fiddler's own client against a server: init, get, watch, wait, failure, revocation.

usage: fiddler_tour.py URL TOKEN SUCCEEDED FAILED CANCELLED
"""

import json
import sys
import urllib.request

try:  # the second major version carries the third
    import fiddler3 as fdl
    from fiddler3.exceptions import AsyncJobFailed, NotFound
except ImportError:
    import fiddler as fdl
    from fiddler.exceptions import AsyncJobFailed, NotFound

url, token, succeeded, failed, cancelled = sys.argv[1:]

fdl.init(url=url, token=token)

job = fdl.Job.get(id_=succeeded, verbose=True)
assert str(job.id) == succeeded and job.status == "SUCCESS", job
assert job.progress == 100 and job.name == "double", job
# Older clients ask for it, and keep it to themselves.
assert job.info in (None, {"resource_type": "DATA", "resource_name": "double", "project_name": "admin"}), job.info
assert job.extras[succeeded]["result"] == {"value": 42}, job.extras
assert fdl.Job.get(id_=succeeded.replace("-", "")).extras is None

# One that runs for a moment, from now: the client takes its time to start.
body = json.dumps({"jobType": "nap", "payload": {"arguments": []}}).encode()
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/jobs", body, headers)) as answer:
    running = json.load(answer)["data"]["jobId"]
for state in fdl.Job.get(id_=running).watch(interval=1, timeout=60):
    print(state.status)
waited = fdl.Job.get(id_=running)
waited.wait(interval=1, timeout=60)

try:
    fdl.Job.get(id_=failed).wait(interval=1, timeout=60)
    raise SystemExit("a job that failed was waited for as if it had not")
except AsyncJobFailed as error:
    print(error)

fdl.Job.get(id_=cancelled).wait(interval=1, timeout=60)

# The client has no list of jobs, but what it makes all its lists with has to be understood.
rules = [{"field": "status", "operator": "any", "value": ["SUCCESS", "FAILURE"]}]
nested = {"condition": "OR", "rules": [{"field": "name", "operator": "begins_with", "value": w} for w in ("dou", "ev")]}
params = {"filter": json.dumps({"condition": "AND", "rules": rules + [nested]}), "ordering": ["-created_at", "name"]}
listed = list(fdl.Job._paginate("/v3/jobs", params=params, page_size=1))
assert [job["id"] for job in listed] == [failed, succeeded], listed
assert listed[0]["started_at"] <= listed[0]["completed_at"], listed
(project,) = fdl.Project.list()
assert project.name == "admin", project
assert fdl.Project.from_name("admin").id == project.id and fdl.Project.get(project.id).name == "admin"

try:
    fdl.Job.get(id_="00000000-0000-0000-0000-000000000000")
    raise SystemExit("a job that is not there was found")
except NotFound as error:
    print(error)
print("all is as it should be")
