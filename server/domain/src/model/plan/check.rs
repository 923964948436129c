//! What a plan may be: how many stages, how deep, which names.

use super::{Call, Does, Each, Head, Nested, Stage};
use crate::error::{Code, Error, Result};
use crate::model::run::check_priority;
use crate::model::settings::{TIMEOUT_MS_MAX, check_env, check_memory};
use crate::model::webhook::{Events, Hook, OF_PLAN_MAX};

/// Stages of a plan, with those in other stages.
pub const STAGES_MAX: usize = 10_000;
/// Stages in each other, counting plans in plans.
const DEPTH_MAX: usize = 12;
/// Characters of a name.
const NAME_LENGTH_MAX: usize = 256;
/// Characters of a description.
const DESCRIPTION_LENGTH_MAX: usize = 4096;
/// Characters of a variable's name, as a template.
const VAR_LENGTH_MAX: usize = 64;
/// Bytes of an expression or template.
const TEMPLATE_BYTES_MAX: usize = 64 << 10;
/// Items of an each at once.
const CONCURRENCY_MAX: u32 = 100_000;
/// Secrets of a plan.
const SECRETS_MAX: usize = 100;
/// Bytes of inputs or of secrets.
const VALUES_BYTES_MAX: usize = 256 << 10;

/// Checks a plan that somebody sent.
///
/// # Errors
/// Invalid, with the field at fault; too large where it has too many stages.
pub fn check(plan: &Nested) -> Result<()> {
    let mut walk = Walk { stages: 0, depth: 0 };
    walk.nested(plan, "")
}

struct Walk {
    stages: usize,
    depth: usize,
}

impl Walk {
    fn nested(&mut self, plan: &Nested, at: &str) -> Result<()> {
        let dot = if at.is_empty() { "" } else { "." };
        check_head(&plan.head, &format!("{at}{dot}"))?;
        let bytes: usize = plan.secrets.iter().map(|(name, value)| name.len() + value.len()).sum();
        if plan.secrets.len() > SECRETS_MAX || bytes > VALUES_BYTES_MAX {
            let message =
                format!("a plan may have {SECRETS_MAX} secrets of {VALUES_BYTES_MAX} bytes together");
            return Err(Error::new(Code::TooLarge, message).field(format!("{at}{dot}secrets")));
        }
        check_webhooks(&plan.webhooks, &format!("{at}{dot}webhooks"), !at.is_empty())?;
        self.stages(&plan.stages, &format!("{at}{dot}stages"))
    }

    fn stages(&mut self, stages: &[Stage], at: &str) -> Result<()> {
        if stages.is_empty() {
            return Err(Error::invalid(format!("{at} must have at least one stage")).field(at));
        }
        stages.iter().enumerate().try_for_each(|(index, stage)| self.stage(stage, &format!("{at}[{index}]")))
    }

    fn stage(&mut self, stage: &Stage, at: &str) -> Result<()> {
        self.stages += 1;
        if self.stages > STAGES_MAX {
            let message = format!("a plan may have {STAGES_MAX} stages, with those in others");
            return Err(Error::new(Code::TooLarge, message).field(at));
        }
        if self.depth >= DEPTH_MAX {
            let message = format!("stages may be {DEPTH_MAX} deep in each other");
            return Err(Error::new(Code::TooLarge, message).field(at));
        }
        check_text(&stage.name, NAME_LENGTH_MAX, 1, &format!("{at}.name"))?;
        for (text, field) in [(&stage.when, "if"), (&stage.var, "var")] {
            let max = if field == "var" { VAR_LENGTH_MAX } else { TEMPLATE_BYTES_MAX };
            if let Some(text) = text {
                check_text(text, max, 1, &format!("{at}.{field}"))?;
            }
        }
        self.depth += 1;
        match &stage.does {
            Does::Call(call) => check_call(call, &format!("{at}.call"))?,
            Does::Sequence(stages) => self.stages(stages, &format!("{at}.sequence"))?,
            Does::Parallel(stages) => self.stages(stages, &format!("{at}.parallel"))?,
            Does::Each(each) => self.each(each, &format!("{at}.each"))?,
            Does::Plan(plan) => self.nested(plan, &format!("{at}.plan"))?,
        }
        self.depth -= 1;
        Ok(())
    }

    fn each(&mut self, each: &Each, at: &str) -> Result<()> {
        check_text(&each.list, TEMPLATE_BYTES_MAX, 1, &format!("{at}.list"))?;
        let is_name = |text: &str| {
            let mut characters = text.chars();
            characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
                && characters.all(|character| character.is_alphanumeric() || character == '_')
        };
        if !is_name(&each.var) || each.var.len() > VAR_LENGTH_MAX {
            let message =
                format!("{at}.var must be a name of letters, digits and '_', {VAR_LENGTH_MAX} at most");
            return Err(Error::invalid(message).field(format!("{at}.var")));
        }
        if each.concurrency.is_some_and(|count| !(1..=CONCURRENCY_MAX).contains(&count)) {
            let message = format!("{at}.concurrency must be from 1 to {CONCURRENCY_MAX}");
            return Err(Error::invalid(message).field(format!("{at}.concurrency")));
        }
        self.stage(&each.stage, &format!("{at}.stage"))
    }
}

/// Checks the webhooks of a plan, whose URLs may be templates where an outer plan fills them.
///
/// # Errors
/// Invalid, with the field at fault; too large for too many.
pub fn check_webhooks(webhooks: &[Hook], at: &str, has_templates: bool) -> Result<()> {
    if webhooks.len() > OF_PLAN_MAX {
        let message = format!("a plan may have {OF_PLAN_MAX} webhooks");
        return Err(Error::new(Code::TooLarge, message).field(at));
    }
    let of_runs = Events::parse(["run.*"])?;
    for (index, hook) in webhooks.iter().enumerate() {
        let at = format!("{at}[{index}].");
        hook.check(&at)?;
        if hook.url.contains("{{") && !has_templates {
            let message = format!("{at}url may have expressions only in a plan in a plan");
            return Err(Error::invalid(message).field(format!("{at}url")));
        }
        if hook.events.has_any(of_runs) {
            let message = "a webhook of a plan is told of plan.*, stage.* and job.*";
            return Err(Error::invalid(message).field(format!("{at}events")));
        }
    }
    Ok(())
}

fn check_head(head: &Head, at: &str) -> Result<()> {
    check_text(&head.name, NAME_LENGTH_MAX, 1, &format!("{at}name"))?;
    if let Some(description) = &head.description {
        check_text(description, DESCRIPTION_LENGTH_MAX, 0, &format!("{at}description"))?;
    }
    if let Some(output) = &head.output {
        check_text(output, TEMPLATE_BYTES_MAX, 0, &format!("{at}output"))?;
    }
    let inputs = serde_json::to_string(&head.inputs).map_err(Error::internal)?;
    if inputs.len() > VALUES_BYTES_MAX {
        let message = format!("the inputs of a plan may have {VALUES_BYTES_MAX} bytes");
        return Err(Error::new(Code::TooLarge, message).field(format!("{at}inputs")));
    }
    crate::model::labels::check(&head.labels, &format!("{at}labels"))?;
    crate::model::run::check_tags(&head.tags, &format!("{at}tags"))
}

fn check_call(call: &Call, at: &str) -> Result<()> {
    check_text(&call.function, NAME_LENGTH_MAX, 1, &format!("{at}.function"))?;
    check_env(call.env.keys().map(String::as_str), &format!("{at}.env"))?;
    if call.timeout_ms.is_some_and(|timeout| !(1..=TIMEOUT_MS_MAX).contains(&timeout)) {
        let message = format!("{at}.timeoutMs must be from 1 to {TIMEOUT_MS_MAX}");
        return Err(Error::invalid(message).field(format!("{at}.timeoutMs")));
    }
    check_priority(call.priority, &format!("{at}.priority"))?;
    if let Some(bytes) = call.memory_bytes_max {
        check_memory("memoryBytesMax", bytes).map_err(|error| error.field(format!("{at}.memoryBytesMax")))?;
    }
    // A secret is sealed where it is kept: in the environment and in what is read, not among the arguments.
    let arguments = serde_json::to_string(&call.arguments).map_err(Error::internal)?;
    if arguments.contains("{{") && arguments.contains("secrets") {
        let message = "secrets can be used in env and stdin, where they are sealed, not in arguments";
        return Err(Error::invalid(message).field(format!("{at}.arguments")));
    }
    call.retry
        .as_ref()
        .map_or(Ok(()), |policy| policy.check().map_err(|error| error.field(format!("{at}.retry"))))
}

fn check_text(text: &str, max: usize, min: usize, at: &str) -> Result<()> {
    if (min..=max).contains(&text.chars().count()) && !text.contains('\0') {
        return Ok(());
    }
    Err(Error::invalid(format!("{at} must be {min} to {max} characters")).field(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str) -> Stage {
        let call = Call { function: "add".into(), ..Call::default() };
        Stage { name: name.into(), when: None, var: None, noted: None, does: Does::Call(Box::new(call)) }
    }

    fn plan(stages: Vec<Stage>) -> Nested {
        Nested { head: Head { name: "p".into(), ..Head::default() }, stages, ..Nested::default() }
    }

    fn inside(depth: usize) -> Stage {
        let does = match depth {
            0 => return call("leaf"),
            _ if depth.is_multiple_of(2) => Does::Plan(Box::new(plan(vec![inside(depth - 1)]))),
            _ => Does::Parallel(vec![inside(depth - 1)]),
        };
        Stage { does, ..call("outer") }
    }

    #[test]
    fn a_plan_says_which_stage_is_at_fault() {
        assert!(check(&plan(vec![call("a"), inside(DEPTH_MAX - 1)])).is_ok());
        let fault = |stages| check(&plan(stages)).expect_err("it is wrong");
        assert_eq!(fault(vec![]).field_at_fault(), Some("stages"));
        assert_eq!(fault(vec![call("a"), call("")]).field_at_fault(), Some("stages[1].name"));
        let deep = fault(vec![inside(DEPTH_MAX)]);
        assert_eq!(deep.code(), Code::TooLarge);
        assert!(deep.field_at_fault().is_some_and(|field| field.contains("parallel[0].plan.stages[0]")));
        assert_eq!(fault(vec![call("a"); STAGES_MAX + 1]).code(), Code::TooLarge);
        let each = |var: &str, concurrency| Stage {
            does: Does::Each(Box::new(Each {
                list: "[1]".into(),
                var: var.into(),
                concurrency,
                stage: call("a"),
            })),
            ..call("each")
        };
        assert!(check(&plan(vec![each("item", Some(1))])).is_ok());
        assert_eq!(fault(vec![each("a b", None)]).field_at_fault(), Some("stages[0].each.var"));
        assert_eq!(fault(vec![each("i", Some(0))]).field_at_fault(), Some("stages[0].each.concurrency"));
    }
}
