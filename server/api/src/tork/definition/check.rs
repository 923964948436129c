//! Whether a definition can be what it says it is: the rules of the product's validator, in its order and its words.

use std::collections::BTreeSet;

use super::{Defaults, Each, Job, Mount, Permission, Probe, Retry, Sidecar, SubJob, Task, Webhook, duration};

/// Tasks of a job, with those in others.
const TASKS_MAX: usize = 10_000;
/// Tasks in each other.
const DEPTH_MAX: usize = 12;
/// Queues that are not for tasks.
const COORDINATOR_QUEUES: [&str; 9] =
    ["pending", "started", "completed", "error", "heartbeat", "jobs", "logs", "progress", "redeliveries"];
/// What the queue of one node begins with.
const EXCLUSIVE: &str = "x-";
/// What may be mounted where nothing else may be.
const OWN_FOLDER: &str = "/tork";

/// The texts of a job that are to be expressions.
pub(in crate::tork) fn expressions(job: &Job) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut keep = |text: &str| {
        found.insert(text.to_owned());
        true
    };
    Walk { is_expression: &mut keep, problems: Vec::new(), tasks: 0, depth: 0 }.job(job, "Job");
    found.into_iter().collect()
}

/// A field and the rule that it breaks.
pub(in crate::tork) type Fault = (String, &'static str);

/// Checks a job, which is called `what`; whether a text is an expression, `is_expression` knows. What else is wrong with it
/// comes last.
///
/// # Errors
/// All that is wrong with it, a line each.
pub(in crate::tork) fn check(
    job: &Job,
    (what, fault): (&str, Option<Fault>),
    is_expression: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let mut walk =
        Walk { is_expression: &mut |text| is_expression(text), problems: Vec::new(), tasks: 0, depth: 0 };
    walk.job(job, what);
    if let Some((field, tag)) = fault {
        let at = format!("{what}.{field}");
        let (within, field) = at.rsplit_once('.').unwrap_or((what, &field));
        walk.fail(within, field, tag);
    }
    if walk.problems.is_empty() { Ok(()) } else { Err(walk.problems.join("\n")) }
}

struct Walk<'a> {
    is_expression: &'a mut dyn FnMut(&str) -> bool,
    problems: Vec<String>,
    tasks: usize,
    depth: usize,
}

impl Walk<'_> {
    fn fail(&mut self, at: &str, field: &str, tag: &str) {
        self.problems.push(format!(
            "Key: '{at}.{field}' Error:Field validation for '{field}' failed on the '{tag}' tag"
        ));
    }

    fn required(&mut self, at: &str, field: &str, text: &str) {
        if text.is_empty() {
            self.fail(at, field, "required");
        }
    }

    fn expression(&mut self, at: &str, field: &str, text: &str) {
        if !text.is_empty() && !(self.is_expression)(text) {
            self.fail(at, field, "expr");
        }
    }

    fn duration(&mut self, at: &str, field: &str, text: &str) {
        if !text.is_empty() && duration::parse(text).is_err() {
            self.fail(at, field, "duration");
        }
    }

    fn queue(&mut self, at: &str, queue: &str) {
        if queue.starts_with(EXCLUSIVE) || COORDINATOR_QUEUES.contains(&queue) {
            self.fail(at, "Queue", "queue");
        }
    }

    fn longest(&mut self, at: &str, field: &str, text: &str, max: usize) {
        if text.chars().count() > max {
            self.fail(at, field, "max");
        }
    }

    fn number(&mut self, at: &str, field: &str, number: i64, bounds: std::ops::RangeInclusive<i64>) {
        if number < *bounds.start() {
            self.fail(at, field, "min");
        } else if number > *bounds.end() {
            self.fail(at, field, "max");
        }
    }

    /// A number that must be there, and is not where it is zero.
    fn required_number(&mut self, at: &str, field: &str, number: i64, bounds: std::ops::RangeInclusive<i64>) {
        match number {
            0 => self.fail(at, field, "required"),
            _ => self.number(at, field, number, bounds),
        }
    }

    fn job(&mut self, job: &Job, at: &str) {
        self.required(at, "Name", &job.name);
        match (job.tasks.is_empty(), job.tasks.is_named) {
            (true, false) => self.fail(at, "Tasks", "required"),
            (true, true) => self.fail(at, "Tasks", "min"),
            (false, _) => self.all(at, "Tasks", &job.tasks),
        }
        self.expression(at, "Output", &job.output);
        if let Some(defaults) = &job.defaults {
            self.defaults(&format!("{at}.Defaults"), defaults);
        }
        self.webhooks(at, &job.webhooks);
        for (index, permission) in job.permissions.iter().enumerate() {
            self.permission(&format!("{at}.Permissions[{index}]"), permission);
        }
        if let Some(auto_delete) = &job.auto_delete {
            self.duration(&format!("{at}.AutoDelete"), "After", &auto_delete.after);
        }
        if let Some(wait) = &job.wait {
            let at = format!("{at}.Wait");
            match wait.timeout.is_empty() {
                true => self.fail(&at, "Timeout", "required"),
                false => self.duration(&at, "Timeout", &wait.timeout),
            }
        }
    }

    fn defaults(&mut self, at: &str, defaults: &Defaults) {
        self.retry(at, defaults.retry.as_ref());
        self.duration(at, "Timeout", &defaults.timeout);
        self.queue(at, &defaults.queue);
        self.number(at, "Priority", defaults.priority, 0..=9);
    }

    fn retry(&mut self, at: &str, retry: Option<&Retry>) {
        if let Some(retry) = retry {
            self.required_number(&format!("{at}.Retry"), "Limit", retry.limit, 1..=10);
        }
    }

    fn webhooks(&mut self, at: &str, webhooks: &[Webhook]) {
        for (index, webhook) in webhooks.iter().enumerate() {
            let at = format!("{at}.Webhooks[{index}]");
            self.required(&at, "URL", &webhook.url);
            self.expression(&at, "If", &webhook.when);
        }
    }

    /// Whether the user or the role is there, the server says.
    fn permission(&mut self, at: &str, permission: &Permission) {
        if permission.user.is_empty() == permission.role.is_empty() {
            self.fail(at, "perm", "roleoruser");
        }
    }

    fn all(&mut self, at: &str, field: &str, tasks: &[Task]) {
        for (index, task) in tasks.iter().enumerate() {
            self.task(&format!("{at}.{field}[{index}]"), task);
        }
    }

    fn task(&mut self, at: &str, task: &Task) {
        self.tasks += 1;
        if self.tasks == TASKS_MAX + 1 || self.depth > DEPTH_MAX {
            self.fail(at, "Tasks", "max");
        }
        if self.tasks > TASKS_MAX || self.depth > DEPTH_MAX {
            return;
        }
        self.depth += 1;
        self.required(at, "Name", &task.name);
        self.queue(at, &task.queue);
        for (field, others) in [("Pre", &task.pre), ("Post", &task.post)] {
            for (index, other) in others.iter().enumerate() {
                self.required(&format!("{at}.{field}[{index}]"), "Name", &other.name);
            }
        }
        for (index, sidecar) in task.sidecars.iter().enumerate() {
            self.sidecar(&format!("{at}.Sidecars[{index}]"), sidecar);
        }
        for (index, mount) in task.mounts.iter().enumerate() {
            if let Some(tag) = fault(mount) {
                self.fail(&format!("{at}.Mounts[{index}]"), "mount", tag);
            }
        }
        self.retry(at, task.retry.as_ref());
        self.duration(at, "Timeout", &task.timeout);
        self.longest(at, "Var", &task.var, 64);
        self.expression(at, "If", &task.when);
        if let Some(parallel) = &task.parallel {
            let at = format!("{at}.Parallel");
            match (parallel.tasks.is_empty(), parallel.tasks.is_named) {
                (true, false) => self.fail(&at, "Tasks", "required"),
                (true, true) => self.fail(&at, "Tasks", "min"),
                (false, _) => self.all(&at, "Tasks", &parallel.tasks),
            }
        }
        if let Some(each) = &task.each {
            self.each(&format!("{at}.Each"), each);
        }
        if let Some(subjob) = &task.subjob {
            self.subjob(&format!("{at}.SubJob"), subjob);
        }
        self.longest(at, "Workdir", &task.workdir, 256);
        self.number(at, "Priority", task.priority, 0..=9);
        self.kinds(at, task);
        self.depth -= 1;
    }

    fn each(&mut self, at: &str, each: &Each) {
        match each.list.is_empty() {
            true => self.fail(at, "List", "required"),
            false => self.expression(at, "List", &each.list),
        }
        self.task(&format!("{at}.Task"), &each.task);
        self.number(at, "Concurrency", each.concurrency, 0..=99_999);
    }

    /// Its tasks are looked at when it is begun.
    fn subjob(&mut self, at: &str, subjob: &SubJob) {
        self.required(at, "Name", &subjob.name);
        if !subjob.tasks.is_named && subjob.tasks.is_empty() {
            self.fail(at, "Tasks", "required");
        }
        if let Some(auto_delete) = &subjob.auto_delete {
            self.duration(&format!("{at}.AutoDelete"), "After", &auto_delete.after);
        }
        self.webhooks(at, &subjob.webhooks);
    }

    fn sidecar(&mut self, at: &str, sidecar: &Sidecar) {
        self.required(at, "Name", &sidecar.name);
        if let Some(Probe { path, port, timeout }) = &sidecar.probe {
            let at = format!("{at}.Probe");
            self.required(&at, "Path", path);
            self.longest(&at, "Path", path, 256);
            self.required_number(&at, "Port", *port, 1..=65_535);
            self.duration(&at, "Timeout", timeout);
        }
    }

    /// What goes with what: one kind of composite task, and nothing of a plain one.
    fn kinds(&mut self, at: &str, task: &Task) {
        let (parallel, each, subjob) = (task.parallel.is_some(), task.each.is_some(), task.subjob.is_some());
        for (is_both, tag, fields) in [
            (parallel && each, "paralleloreach", ["each", "parallel"]),
            (parallel && subjob, "parallelorsubjob", ["subjob", "parallel"]),
            (each && subjob, "eachorsubjob", ["subjob", "each"]),
        ] {
            for field in fields.into_iter().filter(|_| is_both) {
                self.fail(at, field, tag);
            }
        }
        if !(parallel || each || subjob) {
            return;
        }
        for (field, is_there) in [
            ("image", !task.image.is_empty()),
            ("cmd", !task.cmd.is_empty()),
            ("entrypoint", !task.entrypoint.is_empty()),
            ("run", !task.run.is_empty()),
            ("env", !task.env.is_empty()),
            ("queue", !task.queue.is_empty()),
            ("pre", !task.pre.is_empty()),
            ("post", !task.post.is_empty()),
            ("mounts", !task.mounts.is_empty()),
            ("retry", task.retry.is_some()),
            ("limits", task.limits.is_some()),
            ("timeout", !task.timeout.is_empty()),
        ] {
            if is_there {
                self.fail(at, field, "invalidcompositetask");
            }
        }
    }
}

/// What is wrong with a mount.
fn fault(mount: &Mount) -> Option<&'static str> {
    let is_path = |text: &str| {
        text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '.' | '_' | '=' | ' '))
    };
    let (source, target) = (mount.source.as_str(), mount.target.as_str());
    match mount.kind.as_str() {
        "" => Some("typerequired"),
        "volume" if !source.is_empty() => Some("sourcenotempty"),
        "volume" if target.is_empty() => Some("targetrequired"),
        "bind" if source.is_empty() => Some("sourcerequired"),
        _ if !is_path(source) => Some("invalidsource"),
        _ if !is_path(target) || target == OWN_FOLDER => Some("invalidtarget"),
        _ => None,
    }
}
