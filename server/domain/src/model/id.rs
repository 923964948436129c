//! Ids: 128-bit, time-ordered (UUIDv7), a type for each noun so that they cannot be mixed up.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;

use uuid::{ContextV7, Timestamp, Uuid};

use super::time::Millis;
use crate::error::Error;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $noun:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The id's 16 bytes, as they are stored.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// An id from its 16 bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }

            /// The id as a number.
            pub fn to_u128(self) -> u128 {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid.as_u128())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            /// Reads the dashed form or 32 hex digits. What is neither is the id of nothing.
            fn from_str(text: &str) -> Result<Self, Error> {
                let plain = matches!(text.len(), 32 | 36);
                let uuid = plain.then(|| Uuid::try_parse(text).ok()).flatten();
                uuid.map(Self::from).ok_or_else(|| Error::not_found($noun))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Uuid::from_u128(self.0).hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    )*};
}

ids! {
    /// A tenant.
    AccountId, "account";
    /// A key of an account.
    KeyId, "key";
    /// A function.
    FunctionId, "function";
    /// A run.
    RunId, "run";
    /// A job.
    JobId, "job";
    /// A worker.
    WorkerId, "worker";
    /// A schedule.
    ScheduleId, "schedule";
    /// A plan.
    PlanId, "plan";
    /// A stage of a plan.
    StageId, "stage";
    /// A webhook.
    WebhookId, "webhook";
    /// What something happened to, whatever it is: a run, job, plan or stage.
    SubjectId, "subject";
    /// Something that a webhook is to tell.
    DeliveryId, "delivery";
}

/// Makes ids: in order, also within a millisecond.
#[derive(Default)]
pub struct Ids {
    context: Mutex<ContextV7>,
}

/// An id for what nobody has an [`Ids`] for: in order but within a millisecond.
pub fn fresh<Id: From<Uuid>>(now: Millis) -> Id {
    let nanos = (now.0 % 1000) as u32 * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(uuid::NoContext, now.0 / 1000, nanos)).into()
}

impl Ids {
    /// The next id of any kind.
    pub fn next<Id: From<Uuid>>(&self, now: Millis) -> Id {
        let context = self.context.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let nanos = (now.0 % 1000) as u32 * 1_000_000;
        Uuid::new_v7(Timestamp::from_unix(&*context, now.0 / 1000, nanos)).into()
    }
}

/// A sha256, as artifacts and versions are named.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// The hash of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads 64 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).ok()?;
        Some(Self(hash))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_read_back_in_both_forms() {
        let ids = Ids::default();
        let made: Vec<JobId> = (0..1000).map(|_| ids.next(Millis(1_700_000_000_000))).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        let dashed = made[0].to_string();
        assert_eq!(dashed.parse::<JobId>().expect("dashed"), made[0]);
        assert_eq!(dashed.replace('-', "").parse::<JobId>().expect("hex"), made[0]);
        assert!("../../etc".parse::<JobId>().is_err());
    }
}
