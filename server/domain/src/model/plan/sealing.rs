//! Secrets of plans in plans. A plan's secrets are sealed apart from its stages, but a plan in it is one of its stages: what is
//! written there as it is becomes a secret of the outer plan, and is named there.

use std::collections::BTreeMap;

use super::{Does, Nested, Stage};

/// What the name of such a secret begins with.
pub const HOISTED: &str = "_inner";

/// Takes all secrets out of the plans in a plan, as secrets of its own.
pub fn hoist_secrets(plan: &mut Nested) {
    let Nested { secrets, stages, .. } = plan;
    stages.iter_mut().for_each(|stage| of_stage(stage, secrets));
}

fn of_stage(stage: &mut Stage, outer: &mut BTreeMap<String, String>) {
    match &mut stage.does {
        Does::Call(_) => {}
        Does::Sequence(stages) | Does::Parallel(stages) => {
            stages.iter_mut().for_each(|stage| of_stage(stage, outer));
        }
        Does::Each(each) => of_stage(&mut each.stage, outer),
        Does::Plan(plan) => {
            hoist_secrets(plan);
            let of_webhooks =
                plan.webhooks.iter_mut().flat_map(|hook| hook.headers.values_mut().chain(&mut hook.secret));
            // What has an expression in it is made of what is sealed already.
            for value in plan.secrets.values_mut().chain(of_webhooks).filter(|value| !value.contains("{{")) {
                let free =
                    (0..).map(|number| format!("{HOISTED}{number}")).find(|name| !outer.contains_key(name));
                let name = free.unwrap_or_default();
                let text = std::mem::replace(value, format!("{{{{ secrets.{name} }}}}"));
                outer.insert(name, text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(secrets: &[(&str, &str)], stages: Vec<Stage>) -> Nested {
        let secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Nested { secrets, stages, ..Nested::default() }
    }

    fn stage(plan: Nested) -> Stage {
        Stage { name: "s".into(), when: None, var: None, noted: None, does: Does::Plan(Box::new(plan)) }
    }

    #[test]
    fn no_secret_stays_among_the_stages() {
        let innermost = plan(&[("deep", "a")], Vec::new());
        let inner = plan(&[("key", "b"), ("same", "{{ secrets.own }}")], vec![stage(innermost)]);
        let mut outer = plan(&[("own", "c")], vec![stage(inner)]);
        hoist_secrets(&mut outer);
        let values: Vec<&str> = outer.secrets.values().map(String::as_str).collect();
        assert_eq!(values.len(), 3);
        assert!(["a", "b", "c"].iter().all(|value| values.contains(value)), "{values:?}");
        let stages = serde_json::to_string(&outer.stages).expect("JSON");
        assert!(
            stages.contains("{{ secrets._inner") && !stages.contains("\"a\"") && !stages.contains("\"b\""),
            "{stages}"
        );
    }
}
